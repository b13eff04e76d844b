import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { abortable, anySignal, waitAtMost } from '../../../src/transport/signals.ts';
import { within } from '../../fixtures/limits.ts';

/** Collects garbage now; the flag need not be given at the start. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

const never = new Promise<never>(() => {});

describe('anySignal', () => {
  it('aborts with the reason of the first signal that does', () => {
    const [one, two] = [new AbortController(), new AbortController()];
    const any = anySignal(one.signal, undefined, two.signal);
    two.abort(new Error('two'));
    one.abort(new Error('one'));
    assert.match(String(any.reason), /two/);
    assert.ok(anySignal(two.signal).aborted);
  });

  it('never aborts without signals', () => {
    assert.equal(anySignal(undefined).aborted, false);
  });

  it('aborts for a timeout that nobody else holds, whatever the garbage collector does', async () => {
    const any = anySignal(anySignal(new AbortController().signal, AbortSignal.timeout(200)), undefined);
    const aborted = once(any, 'abort');
    for (let round = 0; round < 5; round += 1) {
      await sleep(10);
      collectGarbage();
    }
    await within('the timeout', aborted, 5000);
  });
});

describe('waitAtMost', () => {
  it('says whether the promise came first', async () => {
    assert.equal(await waitAtMost(Promise.resolve(), 10_000), true);
    assert.equal(await waitAtMost(never, 1), false);
  });

  it('rejects with the promise’s error, and with the reason of its signal', async () => {
    await assert.rejects(waitAtMost(Promise.reject(new Error('broken')), 10_000), /broken/);
    const abort = new AbortController();
    const waiting = waitAtMost(never, 10_000, abort.signal);
    abort.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
    await assert.rejects(waitAtMost(never, 10_000, abort.signal), /enough/);
  });

  it('leaves no timer behind', async () => {
    const timers = async () => {
      await new Promise(setImmediate);
      return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    };
    await sleep(1);
    const before = await timers();
    await waitAtMost(Promise.resolve(), 10_000);
    await waitAtMost(Promise.reject(new Error('broken')), 10_000).catch(() => {});
    assert.equal(await timers(), before);
  });
});

describe('abortable', () => {
  it('passes the promise on', async () => {
    assert.equal(await abortable(Promise.resolve(1)), 1);
    assert.equal(await abortable(Promise.resolve(1), new AbortController().signal), 1);
    await assert.rejects(
      abortable(Promise.reject(new Error('broken')), new AbortController().signal),
      /broken/,
    );
  });

  it('rejects with the reason of its signal, aborted now or before', async () => {
    const abort = new AbortController();
    const waiting = abortable(never, abort.signal);
    abort.abort(new Error('enough'));
    await assert.rejects(within('now', waiting, 1000), /enough/);
    await assert.rejects(within('before', abortable(never, abort.signal), 1000), /enough/);
  });
});

import assert from 'node:assert/strict';
import type { StepNews } from '../../../src/builders/builder.ts';
import { becomeReady, type ReadinessStep } from '../../../src/builders/readiness.ts';
import { NexusError } from '../../../src/errors.ts';
import { fails } from '../../fixtures/fails.ts';
import { within } from '../../fixtures/limits.ts';

const step = (description: string, run: ReadinessStep['run'], limitMs = 10_000): ReadinessStep => ({
  ...{ description, run, limitMs, hint: `hint of ${description}` },
});

const options = (signal = new AbortController().signal) => {
  const news: StepNews[] = [];
  return { news, signal, onStep: (one: StepNews) => void news.push(one) };
};

describe('becomeReady', () => {
  it('takes the steps in order and tells each, and what they say', async () => {
    const seen = options();
    const taken: string[] = [];
    await becomeReady(
      [
        step('one', async (_signal, say) => {
          say('half');
          taken.push('one');
        }),
        step('two', async () => void taken.push('two')),
      ],
      seen,
    );
    assert.deepEqual(taken, ['one', 'two']);
    assert.deepEqual(seen.news, [
      { step: 1, of: 2, description: 'one' },
      { step: 1, of: 2, description: 'one', detail: 'half' },
      { step: 2, of: 2, description: 'two' },
    ]);
  });

  it('names the step that takes too long, its limit and its hint, and aborts it', async () => {
    let aborted = false;
    const stuck = step(
      'SSH answers',
      (signal) =>
        new Promise(() => {
          signal.addEventListener('abort', () => {
            aborted = true;
          });
        }),
      50,
    );
    const never = step('never', async () => assert.fail('it must not be taken'));
    const error = await fails(
      becomeReady([stuck, never], options()),
      'not-ready',
      /1 of 2.*SSH answers.*0\.05 s/,
    );
    assert.equal(error.hint, 'hint of SSH answers');
    assert.ok(aborted);
  });

  it('names the step that fails, and keeps an error of ours', async () => {
    const broken = step('it works', () => Promise.reject(new Error('it is broken')));
    await fails(becomeReady([broken], options()), 'not-ready', /1 of 1.*it works.*it is broken/);
    const ours = new NexusError('no-builder', 'There is no Nix');
    await fails(
      becomeReady([step('Nix is here', () => Promise.reject(ours))], options()),
      'no-builder',
      /no Nix/,
    );
  });

  it('ends with the reason of its signal, also when the step does not listen', async () => {
    const abort = new AbortController();
    const ready = becomeReady([step('deaf', () => new Promise(() => {}))], options(abort.signal));
    abort.abort(new Error('enough'));
    await assert.rejects(within('the abort', ready, 1000), /enough/);
  });
});

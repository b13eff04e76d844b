import assert from 'node:assert/strict';
import { CleanUp } from '../../src/clean-up.ts';

const failing = (message: string) => () => Promise.reject(new Error(message));

describe('CleanUp', () => {
  it('runs its tasks in reverse order, one after the other, each once', async () => {
    const done: number[] = [];
    const cleanUp = new CleanUp();
    for (const number of [1, 2, 3]) {
      cleanUp.defer(async () => {
        await new Promise(setImmediate);
        done.push(number);
      });
    }
    await cleanUp[Symbol.asyncDispose]();
    await cleanUp[Symbol.asyncDispose]();
    assert.deepEqual(done, [3, 2, 1]);
  });

  it('runs every task although one fails, and rejects with its error', async () => {
    const done: number[] = [];
    const cleanUp = new CleanUp();
    cleanUp.defer(() => done.push(1));
    cleanUp.defer(failing('two'));
    cleanUp.defer(() => {
      throw new Error('never seen');
    });
    cleanUp.defer(() => done.push(3));
    await assert.rejects(cleanUp[Symbol.asyncDispose](), AggregateError);
    assert.deepEqual(done, [3, 1]);
    const single = new CleanUp();
    single.defer(failing('alone'));
    await assert.rejects(single[Symbol.asyncDispose](), /alone/);
  });

  it('joins the errors of several tasks', async () => {
    const cleanUp = new CleanUp();
    cleanUp.defer(failing('one'));
    cleanUp.defer(failing('two'));
    await assert.rejects(cleanUp[Symbol.asyncDispose](), (error) => {
      assert.ok(error instanceof AggregateError);
      assert.deepEqual(error.errors.map(String), ['Error: two', 'Error: one']);
      return true;
    });
  });

  it('has nothing left to do after its tasks were moved', async () => {
    const done: string[] = [];
    const first = new CleanUp();
    first.defer(() => done.push('task'));
    const second = first.move();
    await first[Symbol.asyncDispose]();
    assert.deepEqual(done, []);
    await second[Symbol.asyncDispose]();
    assert.deepEqual(done, ['task']);
  });

  it('disposes of a resource it is given, and hands it back', async () => {
    let disposed = 0;
    const resource = {
      async [Symbol.asyncDispose]() {
        disposed += 1;
      },
    };
    const cleanUp = new CleanUp();
    assert.equal(cleanUp.use(resource), resource);
    await cleanUp[Symbol.asyncDispose]();
    assert.equal(disposed, 1);
  });

  it('gives back at once what is acquired after its end', async () => {
    const cleanUp = new CleanUp();
    await cleanUp[Symbol.asyncDispose]();
    let done = false;
    cleanUp.defer(() => {
      done = true;
    });
    cleanUp.defer(failing('nobody listens'));
    await new Promise(setImmediate);
    assert.equal(done, true);
  });
});

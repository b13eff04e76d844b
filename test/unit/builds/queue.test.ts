import assert from 'node:assert/strict';
import { Queue } from '../../../src/builds/queue.ts';
import { within } from '../../fixtures/limits.ts';

describe('Queue', () => {
  it('runs one at a time, in the order they came', async () => {
    const queue = new Queue();
    const done: string[] = [];
    let running = 0;
    const ends = ['a', 'b', 'c'].map(
      (id) =>
        new Promise<void>((resolve) => {
          queue.add(id, async () => {
            running += 1;
            assert.equal(running, 1);
            await new Promise(setImmediate);
            running -= 1;
            done.push(id);
            resolve();
          });
        }),
    );
    await within('the end', Promise.all(ends));
    assert.deepEqual(done, ['a', 'b', 'c']);
  });

  it('takes out what has not begun, and says when it is too late', async () => {
    const queue = new Queue();
    const done: string[] = [];
    const end = new Promise<void>((resolve) => {
      queue.add('a', async () => void (await new Promise(setImmediate)));
      queue.add('b', async () => void done.push('b'));
      queue.add('c', async () => resolve());
    });
    assert.equal(queue.remove('a'), false, 'it runs');
    assert.equal(queue.remove('b'), true);
    assert.equal(queue.remove('b'), false);
    assert.equal(queue.remove('x'), false);
    await within('the end', end);
    assert.deepEqual(done, []);
  });

  it('begins again after it was empty', async () => {
    const queue = new Queue();
    for (let round = 0; round < 3; round += 1) {
      await within('a turn', new Promise<void>((resolve) => queue.add('a', async () => resolve())));
      await new Promise(setImmediate);
    }
  });
});

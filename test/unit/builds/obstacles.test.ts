import assert from 'node:assert/strict';
import type { BuildState } from '../../../src/builds/build.ts';
import { type Circumstances, pauseAfter } from '../../../src/builds/obstacles.ts';
import { newBuild } from '../../../src/builds/transition.ts';
import { type ErrorCode, NexusError } from '../../../src/errors.ts';

const build = newBuild('x', { kind: 'script', name: 'x', script: 'true' }, new Date());
const inState = (state: BuildState) => ({ ...build, state });
const error = (code: ErrorCode) => new NexusError(code, 'It went wrong');
const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' });

type Row = [what: string, error: unknown, more: Partial<Circumstances>, waits: boolean];

describe('A build that is hindered', () => {
  const table: Row[] = [
    ['by a lost connection', error('connection-lost'), {}, true],
    ['by a journal that cannot be written', error('record-failed'), {}, true],
    ['by a full disk of ours', full, {}, true],
    ['by a full disk while it is fetched', full, { build: inState('collecting') }, false],
    ['by its own failure', error('build-failed'), {}, false],
    ['by a second interruption', error('interrupted'), {}, false],
    ['by a mistake of ours', new Error('x'), {}, false],
    ['by a watcher that does not answer', error('pipe-timeout'), { tries: 2 }, true],
    ['by a watcher that has not answered three times', error('pipe-timeout'), { tries: 3 }, false],
  ];
  const noBuilder: Row[] = [
    ['when it is new', error('engine-unreachable'), { build }, false],
    ['when it is new and the watcher has fallen', error('watcher-failed'), { build }, true],
    ['when it is new and the watcher falls every time', error('watcher-failed'), { build, tries: 3 }, false],
    ['when it waits since before a restart', error('engine-unreachable'), { build, inherited: true }, true],
    ['when it is under way', error('no-builder'), { inherited: false }, true],
    ['when it has only to be fetched', error('vm-start-failed'), { build: inState('collecting') }, true],
  ];
  const cancelled: Row[] = [
    ['while it waits', error('stopping'), { build, reached: false }, false],
    ['when the builder has ended it', error('stopping'), {}, false],
    ['when the builder is lost meanwhile', error('connection-lost'), {}, true],
    ['when the builder does not end it, many times', error('pipe-timeout'), { tries: 6 }, false],
    ['when there is no builder', error('engine-unreachable'), { reached: false }, false],
    ['while it is fetched', error('connection-lost'), { build: inState('collecting') }, false],
  ];
  const usual = { build: inState('building'), reached: true, tries: 1, inherited: false, cancelled: false };
  const rows = [
    ...table.map(([what, ...rest]) => [what, usual, ...rest] as const),
    ...noBuilder.map(
      ([what, ...rest]) => [`without a builder, ${what},`, { ...usual, reached: false }, ...rest] as const,
    ),
    ...cancelled.map(
      ([what, ...rest]) => [`and cancelled ${what},`, { ...usual, cancelled: true }, ...rest] as const,
    ),
  ];
  for (const [what, circumstances, error, more, waits] of rows) {
    it(`${what} ${waits ? 'is tried again' : 'has ended'}`, () => {
      assert.equal(pauseAfter(error, { ...circumstances, ...more }) !== undefined, waits);
    });
  }

  it('waits longer from time to time, and never more than half a minute', () => {
    const pauses = [1, 2, 3, 20].map(
      (tries) => pauseAfter(error('connection-lost'), { ...usual, tries }) ?? 0,
    );
    assert.deepEqual(pauses, [500, 1000, 2000, 30_000]);
  });
});

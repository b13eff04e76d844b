import assert from 'node:assert/strict';
import {
  type Build,
  type BuildState,
  buildSchema,
  buildStates,
  isFinished,
} from '../../../src/builds/build.ts';
import type { Happening } from '../../../src/builds/event.ts';
import { newBuild, transition } from '../../../src/builds/transition.ts';
import { throws } from '../../fixtures/fails.ts';

const created = new Date('2026-09-11T10:15:00Z');
const now = new Date('2026-09-11T10:16:00Z');
const request = { kind: 'script', name: 'x', script: 'true' } as const;
const artifacts = [{ name: 'a', bytes: 1, sha256: '0'.repeat(64), path: '/a' }];
const error = { code: 'build-failed', message: 'It failed' } as const;

const inState = (state: BuildState): Build => ({ ...newBuild('id', request, created), state });

const happenings: Record<Happening['type'], Happening> = {
  queued: { type: 'queued', request, key: null },
  prepare: { type: 'prepare', builder: 'this-machine', epoch: 'e' },
  retry: { type: 'retry', builder: 'this-machine', epoch: 'f', why: 'it was lost', logStart: 7 },
  started: { type: 'started', seq: 3 },
  phase: { type: 'phase', phase: 'hashing', seq: 4 },
  collect: { type: 'collect', artifacts, retrieve: ['cp a .'] },
  fetching: { type: 'fetching', bytes: 7 },
  waiting: { type: 'waiting', reason: 'the disk is full' },
  cancel: { type: 'cancel' },
  succeeded: { type: 'succeeded', artifacts },
  failed: { type: 'failed', error },
  cancelled: { type: 'cancelled' },
};

const again: Partial<Build> = {
  ...{ state: 'preparing', builder: 'this-machine', epoch: 'f', attempt: 2, logStart: 7 },
};

/** What each happening makes of each state; what is not here cannot happen. */
const table: Record<Happening['type'], Partial<Record<BuildState, Partial<Build>>>> = {
  queued: {},
  prepare: {
    queued: { state: 'preparing', builder: 'this-machine', epoch: 'e', startedAt: now.toISOString() },
  },
  retry: { preparing: again, building: again, collecting: again },
  started: { preparing: { state: 'building', pipeSeq: 3 } },
  phase: { preparing: { phase: 'hashing', pipeSeq: 4 }, building: { phase: 'hashing', pipeSeq: 4 } },
  collect: {
    preparing: { state: 'collecting', phase: 'fetching', artifacts, retrieve: ['cp a .'] },
    building: { state: 'collecting', phase: 'fetching', artifacts, retrieve: ['cp a .'] },
  },
  fetching: { collecting: { fetched: 7 } },
  waiting: everyUnfinished({ waiting: 'the disk is full' }),
  cancel: everyUnfinished({ cancelling: true }),
  succeeded: {
    collecting: {
      state: 'succeeded',
      artifacts,
      fetched: artifacts[0]?.bytes ?? 0,
      finishedAt: now.toISOString(),
    },
  },
  failed: everyUnfinished({ state: 'failed', error, finishedAt: now.toISOString() }),
  cancelled: everyUnfinished({ state: 'cancelled', finishedAt: now.toISOString() }),
};

function everyUnfinished(change: Partial<Build>): Partial<Record<BuildState, Partial<Build>>> {
  return { queued: change, preparing: change, building: change, collecting: change };
}

describe('transition', () => {
  for (const [type, happening] of Object.entries(happenings)) {
    for (const state of buildStates) {
      const change = table[happening.type][state];
      if (change) {
        it(`lets “${type}” happen to a build that is ${state}`, () => {
          const before = inState(state);
          const after = transition(before, happening, now);
          assert.deepEqual(after, { ...inState(state), ...change });
          assert.deepEqual(before, inState(state), 'the old record is not changed');
          assert.deepEqual(buildSchema.parse(JSON.parse(JSON.stringify(after))), after);
        });
      } else {
        it(`lets no “${type}” happen to a build that is ${state}`, () => {
          throws(() => transition(inState(state), happening, now), 'internal', new RegExp(`is ${state}`));
        });
      }
    }
  }

  it('forgets what an attempt was doing and had made when there is another one', () => {
    const collecting = {
      ...inState('collecting'),
      phase: 'fetching',
      artifacts,
      fetched: 1,
      retrieve: ['cp'],
    };
    const after = transition({ ...collecting, epoch: 'e', pipeSeq: 9 }, happenings.retry, now);
    assert.deepEqual(after, { ...inState('preparing'), ...again, pipeSeq: 0 });
  });

  it('goes on counting the events of the same pipe, and begins anew with another one', () => {
    const building = { ...inState('building'), epoch: 'f', pipeSeq: 9 };
    assert.equal(transition(building, happenings.retry, now).pipeSeq, 9);
    assert.equal(transition({ ...building, epoch: 'e' }, happenings.retry, now).pipeSeq, 0);
  });

  it('forgets the phase at the end', () => {
    const building = { ...inState('building'), phase: 'hashing' };
    assert.equal(transition(building, happenings.failed, now).phase, null);
  });

  it('stores no hint where there is none', () => {
    const failed = transition(
      inState('building'),
      { type: 'failed', error: { ...error, hint: undefined } },
      now,
    );
    assert.deepEqual(failed.error, error);
    assert.ok(failed.error && !('hint' in failed.error));
  });
});

describe('A new build', () => {
  it('is queued, and nothing has happened to it', () => {
    const build = newBuild('id', request, created);
    assert.deepEqual(
      [build.state, build.createdAt, build.startedAt],
      ['queued', created.toISOString(), null],
    );
    assert.equal(isFinished(build), false);
    assert.deepEqual(buildSchema.parse(build), build);
  });
});

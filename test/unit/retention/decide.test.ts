import assert from 'node:assert/strict';
import type { Keep } from '../../../src/limits.ts';
import { decideBuilds, decideFolders, type KeptBuild } from '../../../src/retention/decide.ts';

const day = 86_400_000;
const now = Date.parse('2026-09-11T10:15:00Z');
const everything: Keep = { days: null, builds: null, bytes: null, artifacts: 'always' };

/** A build that ended so many days ago. */
const build = (id: string, days: number, more: Partial<KeptBuild> = {}): KeptBuild => ({
  ...{ id, finishedAt: now - days * day, bytes: 10, pinned: false },
  ...more,
});
const running = (id: string): KeptBuild => build(id, 0, { finishedAt: null });
const pinned = (id: string, days: number): KeptBuild => build(id, days, { pinned: true });

describe('Of the builds', () => {
  const cases: { what: string; builds: KeptBuild[]; keep: Partial<Keep>; goes: string[] }[] = [
    { what: 'none, without a limit', builds: [build('a', 1000)], keep: {}, goes: [] },
    { what: 'none, when there are none', builds: [], keep: { days: 1, builds: 0, bytes: 0 }, goes: [] },
    {
      what: 'the older ones, by age',
      builds: [build('new', 1), build('old', 3), build('older', 4), build('just', 2)],
      keep: { days: 2 },
      goes: ['older', 'old'],
    },
    {
      what: 'the oldest, by count',
      builds: [build('b', 2), build('a', 3), build('c', 1)],
      keep: { builds: 2 },
      goes: ['a'],
    },
    { what: 'all, by a count of none', builds: [build('a', 1)], keep: { builds: 0 }, goes: ['a'] },
    {
      what: 'as many as make room, by bytes',
      builds: [build('a', 3), build('b', 2), build('c', 1)],
      keep: { bytes: 15 },
      goes: ['a', 'b'],
    },
    {
      what: 'no pinned or running one, whose bytes count and whose number does not',
      builds: [pinned('p', 100), running('r'), build('a', 50), build('b', 1)],
      keep: { builds: 1, bytes: 30, days: 99 },
      goes: ['a'],
    },
    {
      what: 'none but what may go, when that is not enough',
      builds: [pinned('p', 1), running('r'), build('a', 1)],
      keep: { bytes: 0 },
      goes: ['a'],
    },
    {
      what: 'each for one reason only',
      builds: [build('a', 9), build('b', 8), build('c', 1)],
      keep: { days: 5, builds: 2, bytes: 15 },
      goes: ['a', 'b'],
    },
    {
      what: 'none of the future, when the clock was set back',
      builds: [build('a', -9)],
      keep: { days: 1 },
      goes: [],
    },
    {
      what: 'those with smaller ids first, that ended at the same time',
      builds: [build('b', 1), build('a', 1)],
      keep: { builds: 1 },
      goes: ['a'],
    },
  ];
  for (const { what, builds, keep, goes } of cases) {
    it(`go: ${what}`, () => {
      const decided = decideBuilds(builds, { ...everything, ...keep }, now);
      assert.deepEqual(
        decided.map(({ id }) => id),
        goes,
      );
      for (const { why } of decided) assert.ok(why);
    });
  }
});

describe('Of the folders on the builder', () => {
  const folder = (name: string, days: number) => ({ name, finishedAt: 1e6 - days * 86_400, bytes: 1 });
  const states = { mine: 'finished', busy: 'unfinished' } as const;
  const stateOf = (name: string) => (name === 'mine' || name === 'busy' ? states[name] : 'unknown');
  const cases = [
    { name: 'mine', days: 0.5, goes: false },
    { name: 'mine', days: 1.5, goes: true },
    { name: 'busy', days: 100, goes: false },
    { name: 'hand-x', days: 6, goes: false },
    { name: 'hand-x', days: 8, goes: true },
  ];
  for (const { name, days, goes } of cases) {
    it(`${name} ${goes ? 'goes' : 'stays'} after ${days} days`, () => {
      assert.equal(decideFolders([folder(name, days)], 1e6, stateOf).length, goes ? 1 : 0);
    });
  }
});

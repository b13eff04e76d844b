import assert from 'node:assert/strict';
import { newBuild } from '../../../src/builds/transition.ts';
import { buildProgress, formatEta } from '../../../src/dashboard/build-progress.ts';
import type { BuildView } from '../../../src/http/schemas.ts';
import type { Progress } from '../../../src/progress/schema.ts';

const build = (changes: Partial<BuildView>): BuildView => ({
  ...newBuild('x', { kind: 'script', name: 'x', script: 'true' }, new Date(0)),
  ...changes,
});

const nix: Progress = {
  stage: 'building',
  paths: { done: 1, total: 2 },
  bytes: { done: 500_000, total: 1_000_000 },
  derivations: { done: 3, total: 12, running: 1, failed: 0 },
  running: [{ name: 'linux-6.12', phase: 'buildPhase', seconds: 4, line: null, writesImage: false }],
  lastLine: null,
  silentSeconds: 0,
  note: null,
  eta: { low: 130, high: 290 },
};

describe('The progress of a build', () => {
  const cases: [what: string, build: BuildView, share: number | null | undefined, text?: RegExp][] = [
    ['is none while it waits its turn', build({ state: 'queued' }), undefined],
    ['says what it waits for', build({ state: 'queued', waiting: 'No room' }), null, /^No room$/],
    ['is unknown while the builder is made ready', build({ state: 'preparing' }), null, /builder/],
    ['is its phase', build({ state: 'building', phase: 'hashing' }), null, /^Hashing$/],
    ['counts derivations', build({ state: 'building', progress: nix }), 0.25, /3 of 12, now linux-6.12/],
    [
      'counts bytes',
      build({ state: 'building', progress: { ...nix, stage: 'fetching' } }),
      0.5,
      /500 kB of 1.0 MB/,
    ],
    [
      'is what has been fetched',
      build({ state: 'collecting', fetched: 1, artifacts: [{ name: 'a', bytes: 4, sha256: '', path: '' }] }),
      0.25,
      /1 B of 4 B/,
    ],
    ['is unknown for nothing to fetch', build({ state: 'collecting' }), null, /Fetching/],
    ['says that it ends', build({ state: 'building', cancelling: true }), null, /Cancelling/],
    ['is none once it has ended', build({ state: 'failed' }), undefined],
  ];
  for (const [what, given, share, text] of cases) {
    it(what, () => {
      const progress = buildProgress(given);
      assert.equal(progress?.share, share);
      if (text) assert.match(progress?.text ?? '', text);
    });
  }

  it('tells the rest of the time as a range, and rather why it is silent', () => {
    assert.equal(buildProgress(build({ state: 'building', progress: nix }))?.more, '2 min to 5 min left');
    assert.equal(
      buildProgress(build({ state: 'building', progress: { ...nix, note: 'Silent' } }))?.more,
      'Silent',
    );
    assert.equal(formatEta({ low: 11, high: 14 }), 'about 10 s');
    assert.equal(formatEta({ low: 3500, high: 9000 }), '58 min to 2 h 30 min');
  });
});

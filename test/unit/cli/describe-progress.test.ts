import assert from 'node:assert/strict';
import type { Build } from '../../../src/builds/build.ts';
import { newBuild } from '../../../src/builds/transition.ts';
import { describeEta, describeProgress } from '../../../src/cli/describe-progress.ts';
import type { BuilderStatusReply } from '../../../src/http/schemas.ts';
import type { Progress } from '../../../src/progress/schema.ts';

const fresh = newBuild('id', { kind: 'script', name: 'x', script: 'true' }, new Date(0));
const absent: BuilderStatusReply = {
  kind: null,
  state: 'absent',
  step: null,
  error: null,
  unreachableSince: null,
  machine: null,
};
const artifacts = [{ name: 'a', bytes: 2_000_000, sha256: '0'.repeat(64), path: '' }];

const of = (build: Partial<Build>, builder: Partial<BuilderStatusReply> = {}) =>
  describeProgress({ build: { ...fresh, ...build }, builder: { ...absent, ...builder } });

const starting = (detail?: string): Partial<BuilderStatusReply> => ({
  kind: 'docker-vm',
  state: 'starting',
  step: { step: 2, of: 6, description: 'the image is here', ...(detail !== undefined && { detail }) },
});

describe('describeProgress', () => {
  const table: [build: Partial<Build>, text: string][] = [
    [{ state: 'queued' }, 'waiting for its turn'],
    [{ state: 'preparing' }, 'sending the source to the builder'],
    [{ state: 'building' }, 'running'],
    [{ state: 'building', phase: 'evaluating' }, 'evaluating'],
    [{ state: 'collecting', artifacts, fetched: 500_000 }, 'fetching 2.0 MB: 25 %'],
    [{ state: 'collecting', artifacts: [] }, 'fetching 0 B'],
    [{ state: 'succeeded' }, 'succeeded'],
  ];
  for (const [build, text] of table) it(`says “${text}”`, () => assert.equal(of(build).text, text));

  it('tells the steps of a start', () => {
    const where = 'starting the builder (docker-vm), 2 of 6: the image is here';
    assert.equal(of({}, starting()).text, where);
    assert.equal(of({}, starting('3 of 5 layers')).text, `${where}: 3 of 5 layers`);
    assert.equal(of({}, { state: 'starting' }).text, 'starting the builder');
  });

  it('says since when the builder does not answer, while the build is there', () => {
    const away = { unreachableSince: '2026-11-21T13:45:10.000Z' };
    const text = /^the builder does not answer since \d\d:45:10; connecting again, the build goes on there$/;
    for (const state of ['preparing', 'building', 'collecting'] as const)
      assert.match(of({ state }, away).text, text);
    for (const state of ['queued', 'failed'] as const) assert.doesNotMatch(of({ state }, away).text, text);
  });

  it('keeps its key while only a counter goes on', () => {
    assert.equal(of({}, starting('3 of 5 layers')).key, of({}, starting('4 of 5 layers')).key);
    assert.notEqual(of({}, starting('with KVM')).key, of({}, starting('without KVM')).key);
    const [one, two] = [1, 2].map((fetched) => of({ state: 'collecting', artifacts, fetched }));
    assert.equal(one?.key, two?.key);
  });
});

describe('describeProgress, of a build in which Nix works', () => {
  const count = { done: 0, total: 0 };
  const progress = {
    ...{
      stage: 'building',
      paths: count,
      bytes: count,
      derivations: { done: 2, total: 7, running: 1, failed: 0 },
    },
    running: [{ name: 'kernel', phase: 'buildPhase', seconds: 5, line: null, writesImage: false }],
    ...{ lastLine: null, silentSeconds: 0, note: null, eta: { low: 130, high: 250 } },
  };
  const told = (more: Partial<Progress> = {}) =>
    describeProgress({
      build: { ...fresh, state: 'building', phase: 'building iso', progress: { ...progress, ...more } },
      builder: absent,
    });

  it('says what is done, what is built now and how long it will take', () => {
    assert.equal(
      told().text,
      'building iso: built 2 of 7 derivations, now kernel (buildPhase), about 2 to 4 min left',
    );
    const paths = { done: 1, total: 3 };
    assert.match(
      told({ paths, bytes: { done: 5e6, total: 9e6 } }).text,
      /fetched 1 of 3 paths \(5\.0 MB of 9\.0 MB\)/,
    );
  });

  it('has news when another derivation is built and when the build falls silent, not with every count', () => {
    assert.equal(told().key, told({ derivations: { done: 3, total: 7, running: 1, failed: 0 } }).key);
    assert.notEqual(told().key, told({ running: [] }).key);
    assert.notEqual(told().key, told({ note: 'Nothing printed for 90 s' }).key);
  });

  const etas: [low: number, high: number, text: string][] = [
    [0, 8, 'about 1 to 8 s left'],
    [12, 41, 'about 15 to 45 s left'],
    [50, 70, 'about 1 min left'],
    [130, 250, 'about 2 to 4 min left'],
    [7200, 10_800, 'about 2 h 0 min to 3 h 0 min left'],
  ];
  for (const [low, high, text] of etas) {
    it(`makes “${text}” of ${low} to ${high} seconds`, () => assert.equal(describeEta({ low, high }), text));
  }
});

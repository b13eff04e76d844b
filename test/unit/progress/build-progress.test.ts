import assert from 'node:assert/strict';
import { BuildProgress } from '../../../src/progress/build-progress.ts';
import type { Past } from '../../../src/progress/estimate.ts';
import type { Progress } from '../../../src/progress/schema.ts';
import { recordedLog, untilLine } from '../../fixtures/nix-logs.ts';

const unknown: Past = () => [];
const second = 1000;

/** What is known when a recorded log has come as far as the line with these words. */
function at(log: 'image' | 'failure', words: string, past = unknown, after = 0): Progress {
  const progress = new BuildProgress(0);
  progress.read(Buffer.from(untilLine(recordedLog(log), words)), 10 * second);
  return progress.snapshot((10 + after) * second, past);
}

describe('The progress of a build, from the log of real Nix', () => {
  it('knows what there is to do before anything is done', () => {
    const { stage, paths, bytes, derivations } = at('image', 'library-1.2"}');
    assert.deepEqual(
      { stage, paths, derivations },
      {
        ...{ stage: 'starting', paths: { done: 0, total: 2 } },
        derivations: { done: 0, total: 3, running: 0, failed: 0 },
      },
    );
    assert.deepEqual(bytes, { done: 0, total: 996147 });
  });

  it('counts the bytes that are fetched', () => {
    const { stage, paths, bytes } = at('image', '[344064,700280');
    assert.deepEqual({ stage, paths }, { stage: 'fetching', paths: { done: 0, total: 2 } });
    assert.deepEqual(bytes, { done: 344064, total: 1000560 });
  });

  it('says which derivations are built, in which phase, and what they printed last', () => {
    const { stage, paths, bytes, derivations, running, lastLine } = at('image', 'file2.o', unknown, 5);
    assert.equal(stage, 'building');
    assert.deepEqual(paths, { done: 2, total: 2 });
    assert.equal(bytes.total, 1000560);
    assert.deepEqual(derivations, { done: 0, total: 3, running: 2, failed: 0 });
    assert.deepEqual(running, [
      { name: 'etc', phase: null, seconds: 5, line: 'etc', writesImage: false },
      { name: 'kernel-6.12', phase: 'buildPhase', seconds: 5, line: 'CC  file2.o', writesImage: false },
    ]);
    assert.equal(lastLine, 'CC  file2.o');
  });

  it('knows the step that writes the image, and that it is silent', () => {
    const building = at('image', "building '/nix/store/nc613", unknown, 5);
    assert.deepEqual([building.derivations.done, building.running[0]?.writesImage], [2, true]);
    assert.match(
      building.note ?? '',
      /nixos-disk-image writes the disk image, which prints nothing for minutes$/,
    );
    const later = at('image', "building '/nix/store/nc613", unknown, 200);
    assert.match(later.note ?? '', /nothing printed for 3 min/);
    assert.equal(later.silentSeconds, 200);
  });

  it('says how long nothing has been printed, and what came last', () => {
    assert.equal(at('image', 'file2.o', unknown, 59).note, null);
    assert.equal(
      at('image', 'file2.o', unknown, 90).note,
      'Nothing printed for 90 s; the last line was: CC  file2.o',
    );
  });

  it('has done all when all is done, and counts what failed', () => {
    const progress = new BuildProgress(0);
    progress.read(Buffer.from(recordedLog('image')), second);
    const { derivations, paths, running, eta } = progress.snapshot(second, () => [1]);
    assert.deepEqual(derivations, { done: 3, total: 3, running: 0, failed: 0 });
    assert.deepEqual(paths, { done: 2, total: 2 });
    assert.deepEqual([running, eta], [[], null]);
    assert.equal(at('failure', 'failed with exit code 3').derivations.failed, 1);
  });

  it('adds up several runs of Nix in one build', () => {
    const progress = new BuildProgress(0);
    for (const _ of [1, 2]) progress.read(Buffer.from(recordedLog('image')), second);
    assert.equal(progress.snapshot(second, unknown).derivations.done, 6);
  });
});

describe('The time that a build will take', () => {
  const past: Past = (name) =>
    ({ etc: [1, 2, 3], 'kernel-6.12': [100, 200, 300], 'nixos-disk-image': [50] })[name] ?? [];

  it('is a range, from earlier builds of the same derivations', () => {
    assert.deepEqual(at('image', 'file2.o', past, 0).eta, { low: 150, high: 250 });
    assert.deepEqual(at('image', "building '/nix/store/nc613", past, 20).eta, { low: 30, high: 30 });
  });

  it('is unknown when one of the derivations is new', () => {
    const without: Past = (name) => (name === 'nixos-disk-image' ? [] : past(name));
    assert.equal(at('image', 'file2.o', without, 0).eta, null);
  });

  it('is unknown when it is not known since when a derivation is built', () => {
    const progress = new BuildProgress(0);
    progress.read(Buffer.from(untilLine(recordedLog('image'), 'file2.o')), null);
    const { eta, running } = progress.snapshot(second, past);
    assert.deepEqual([eta, running[0]?.seconds], [null, null]);
    assert.deepEqual(progress.takeFinished(), []);
  });

  it('is learnt from each derivation that is finished', () => {
    const log = recordedLog('image');
    const first = untilLine(log, "building '/nix/store/nc613");
    const progress = new BuildProgress(0);
    progress.read(Buffer.from(first), second);
    progress.read(Buffer.from(log.slice(first.length)), 31 * second);
    assert.deepEqual(progress.takeFinished(), [
      { name: 'etc', seconds: 0 },
      { name: 'kernel-6.12', seconds: 0 },
      { name: 'nixos-disk-image', seconds: 30 },
    ]);
    assert.deepEqual(progress.takeFinished(), []);
  });
});

describe('A log that nobody should have written', () => {
  const hostile: [what: string, lines: () => Iterable<string>][] = [
    ['a million activities that never stop', () => activities(1_000_000)],
    ['lines of a megabyte', () => Array.from({ length: 40 }, () => 'x'.repeat(1_000_000))],
    [
      'a line that never ends',
      () => Array.from({ length: 40 }, () => 'x'.repeat(1_000_000).replaceAll('\n', '')),
    ],
    ['numbers that are none', () => ['@nix {"action":"result","id":1,"type":105,"fields":["a",-5,1e999]}']],
    ['a hundred thousand announced derivations', () => announced(100_000)],
  ];
  for (const [what, lines] of hostile) {
    it(`does no harm: ${what}`, () => {
      const progress = new BuildProgress(0);
      for (const line of lines())
        progress.read(Buffer.from(what.includes('never ends') ? line : `${line}\n`), 0);
      progress.read(Buffer.from(`\n${recordedLog('image')}`), second);
      const { derivations, running, lastLine, eta } = progress.snapshot(second, () => [1]);
      assert.ok(JSON.stringify({ running, lastLine }).length < 10_000);
      assert.ok(Number.isFinite(derivations.done + derivations.total));
      assert.ok(eta === null || eta.low <= eta.high);
    });
  }

  function* activities(count: number): Generator<string> {
    const path = `/nix/store/${'0'.repeat(32)}-x.drv`;
    for (let id = 0; id < count; id += 1000) {
      const some = Array.from({ length: 1000 }, (_, index) => {
        const type = [100, 102, 104, 105][index % 4];
        return `@nix {"action":"start","id":${id + index},"type":${type},"level":9,"text":"","fields":["${path}"]}`;
      });
      yield some.join('\n');
    }
  }

  function* announced(count: number): Generator<string> {
    for (let index = 0; index < count; index += 1) {
      yield `@nix {"action":"msg","level":3,"msg":"  /nix/store/${String(index).padStart(32, '0')}-x.drv"}`;
    }
  }
});

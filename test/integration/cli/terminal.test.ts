import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import type { Build } from '../../../src/builds/build.ts';
import { widthOf } from '../../../src/cli/live/fit-line.ts';
import { shellQuote } from '../../../src/transport/shell-quote.ts';
import { nexusWords } from '../../fixtures/compiled.ts';
import { skipUnless } from '../../fixtures/limits.ts';
import { recordedLog, untilLine } from '../../fixtures/nix-logs.ts';
import { builderMissing, TestOrchestrator } from '../../fixtures/orchestrator.ts';
import { programMissing, Terminal } from '../../fixtures/terminal.ts';
import { until } from '../../fixtures/watcher.ts';

describe('nexus on a terminal', () => {
  let orchestrator: TestOrchestrator;

  before(async function () {
    skipUnless(this, (await builderMissing()) ?? (await programMissing('tmux', '-V')));
    orchestrator = await TestOrchestrator.start();
  });
  after(async () => orchestrator?.[Symbol.asyncDispose]());

  const open = (columns: number, settings: NodeJS.ProcessEnv = {}) =>
    Terminal.open({
      ...{ columns, cwd: orchestrator.folder.path },
      settings: {
        NEXUS_URL: orchestrator.running.url,
        NEXUS_TOKEN: orchestrator.running.token,
        ...settings,
      },
    });

  /** A build that prints what real Nix printed, and stops in the middle until the file `go` is there. */
  async function halfBuild(name: string): Promise<{ build: Build; go: () => Promise<void> }> {
    const log = recordedLog('image').replaceAll('CC  file2.o', 'CC  日本語/file2.o');
    const half = untilLine(log, 'file2.o');
    const { folder } = orchestrator;
    await writeFile(folder.file(`${name}.half`), half);
    await writeFile(folder.file(`${name}.rest`), log.slice(half.length));
    const file = (ending: string) => shellQuote([folder.file(`${name}.${ending}`)]);
    const script = `nexus-phase building iso
cat ${file('half')}
until [ -e ${file('go')} ]; do sleep 0.05; done
cat ${file('rest')}; echo x > image.iso; nexus-artifact image.iso`;
    const build = await orchestrator.script(script, { name });
    return { build, go: () => writeFile(folder.file(`${name}.go`), '') };
  }

  for (const columns of [60, 100, 200]) {
    it(`shows a build in one block of ${columns} columns, and then what came of it`, async () => {
      const { build, go } = await halfBuild(`width-${columns}`);
      await using terminal = await open(columns);
      await terminal.type([...nexusWords, 'watch', build.id]);
      const screen = await terminal.untilShows(/• kernel-6\.12 \(buildPhase\)/);
      const block = screen
        .slice(screen.lastIndexOf(`width-${columns} `))
        .trimEnd()
        .split('\n');
      assert.match(block[0] ?? '', /^width-\d+ {2}building iso {2}\d+ s/);
      assert.match(block[1] ?? '', /^ {2}fetched .*2 of 2 paths, 1\.0 MB of 1\.0 MB$/);
      assert.match(block[2] ?? '', /^ {2}built .*0 of 3 derivations$/);
      assert.match(block[3] ?? '', /^ {2}• etc/);
      assert.match(block[4] ?? '', columns > 60 ? /CC {2}日本語\/file2\.o$/ : /kernel-6\.12/);
      assert.equal(block.length, 5);
      for (const line of block) assert.ok(widthOf(line) < columns, `${widthOf(line)}: ${line}`);
      assert.equal(await terminal.cursorShown(), false);
      await go();
      await terminal.untilShows(/Built width-\d+ in[\s\S]*READY\$$/m);
      const end = await terminal.screen({ joined: true });
      assert.match(end, /dd if=\S*image\.iso of=\/dev\/sdX/);
      assert.doesNotMatch(end, /•|derivations/, 'nothing of the block is left');
      assert.equal(await terminal.cursorShown(), true);
    });
  }

  it('keeps one block when the window is made narrower and wider', async () => {
    const { build, go } = await halfBuild('resized');
    await using terminal = await open(120);
    await terminal.type([...nexusWords, 'watch', build.id]);
    await terminal.untilShows(/• kernel/);
    for (const columns of [50, 150, 70]) {
      await terminal.resize(columns);
      await until(`one block of ${columns} columns`, async () => {
        const lines = (await terminal.screen()).split('\n');
        const heads = lines.filter((line) => line.startsWith('resized  building'));
        const dots = lines.filter((line) => line.includes('•'));
        return (heads.length === 1 && dots.length === 2) || undefined;
      });
    }
    await go();
    await terminal.untilShows(/Built resized/);
  });

  it('has no colours with NO_COLOR, and draws nothing again where the terminal is dumb', async () => {
    const { build, go } = await halfBuild('plain');
    await using terminal = await open(100, { NO_COLOR: '1' });
    await terminal.type([...nexusWords, 'watch', build.id]);
    await terminal.untilShows(/• kernel/);
    const screen = await terminal.screen({ colours: true });
    assert.ok(!screen.slice(screen.indexOf('plain  building')).includes('\u001b['), screen);
    await using dumb = await open(100, { TERM: 'dumb' });
    await dumb.type([...nexusWords, 'watch', build.id]);
    await dumb.untilShows(/^building iso: built 0 of 3 derivations, now etc/m);
    assert.equal(await dumb.cursorShown(), true);
    await go();
    await Promise.all([terminal.untilShows(/Built plain/), dumb.untilShows(/Built plain/)]);
  });

  for (const [what, key, shows] of [
    ['Ctrl-C', 'C-c', /Detached; the build goes on/],
    ['SIGTERM', undefined, /Terminated/],
  ] as const) {
    it(`gives the cursor back after ${what}`, async () => {
      const name = `ends-${what.toLowerCase()}`;
      const { build, go } = await halfBuild(name);
      await using terminal = await open(100);
      await terminal.type([...nexusWords, 'watch', build.id]);
      await terminal.untilShows(/• kernel/);
      assert.equal(await terminal.cursorShown(), false);
      if (key) await terminal.keys(key);
      else {
        await using killer = await open(80);
        await killer.keys('-l', `kill $(pgrep -f '[w]atch ${build.id}')`);
        await killer.keys('Enter');
        await terminal.untilShows(shows);
      }
      const screen = await terminal.untilShows(shows);
      assert.doesNotMatch(screen, /• kernel/, 'nothing of the block is left');
      assert.equal(await terminal.cursorShown(), true);
      await go();
    });
  }

  it('gives the terminal back while it is stopped by Ctrl-Z, and draws again when it goes on', async () => {
    const { build, go } = await halfBuild('stopped');
    await using terminal = await open(100);
    await terminal.type([...nexusWords, 'watch', build.id]);
    await terminal.untilShows(/• kernel/);
    await terminal.keys('C-z');
    assert.doesNotMatch(await terminal.untilShows(/Stopped/), /• kernel/);
    assert.equal(await terminal.cursorShown(), true);
    await terminal.type(['fg']);
    await terminal.untilShows(/• kernel/);
    assert.equal(await terminal.cursorShown(), false);
    await go();
    await terminal.untilShows(/Built stopped/);
  });

  it('shows the output above the block, every line of it', async () => {
    const go = orchestrator.folder.file('flood.go');
    const build = await orchestrator.script(
      `nexus-phase flooding; seq 20000; until [ -e ${shellQuote([go])} ]; do sleep 0.05; done; printf end`,
      { name: 'flood' },
    );
    await using terminal = await open(100);
    await terminal.type([...nexusWords, 'watch', '-v', build.id]);
    await terminal.untilShows(/^20000$/m);
    await writeFile(go, '');
    const screen = await terminal.untilShows(/Built flood/);
    assert.match(screen, /19999\n20000\nend\n/);
  });

  it('says why a build failed first, then what it printed last, then where to look', async () => {
    const log = orchestrator.folder.file('failed.log');
    await writeFile(log, recordedLog('failure'));
    const build = await orchestrator.script(`cat ${shellQuote([log])}; exit 1`);
    await using terminal = await open(100);
    await terminal.type([...nexusWords, 'watch', build.id]);
    const screen = await terminal.untilShows(/nexus show/);
    const order = [
      'The build of broken-1.0 failed with exit code 3',
      '  compiling 15',
      '  foo.c:3: error: expected ;',
      `nexus logs ${build.id}`,
    ].map((text) => screen.indexOf(text));
    assert.ok(!order.includes(-1), screen);
    assert.deepEqual(
      order,
      [...order].sort((a, b) => a - b),
      screen,
    );
  });
});

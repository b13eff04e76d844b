import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fails } from '../../fixtures/fails.ts';
import { skipUnless, within } from '../../fixtures/limits.ts';
import { builderMissing, TestOrchestrator } from '../../fixtures/orchestrator.ts';
import { processesNaming, untilNoProcessNames } from '../../fixtures/sshd.ts';
import { tempFolder } from '../../fixtures/temp-folder.ts';
import { until } from '../../fixtures/watcher.ts';

const examples = fileURLToPath(new URL('../../../examples', import.meta.url));

const sha256Of = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

describe('A build', () => {
  let nexus: TestOrchestrator;

  before(async function () {
    skipUnless(this, await builderMissing());
    nexus = await TestOrchestrator.start();
  });
  after(async () => nexus?.[Symbol.asyncDispose]());

  it('makes a bootable image of examples/smoke and delivers it', async () => {
    const source = await nexus.upload(join(examples, 'smoke'));
    const build = await nexus.build({ kind: 'nix', name: 'smoke', source, file: 'default.nix' });
    assert.equal(build.state, 'succeeded', JSON.stringify(build.error));
    const [image] = build.artifacts;
    assert.ok(image);
    assert.equal(image.name, 'smoke.img');
    assert.equal(image.path, join(nexus.config.artifacts, `smoke-${build.id}`, 'smoke.img'));
    const bytes = await readFile(image.path);
    assert.deepEqual([bytes.length, sha256Of(bytes)], [image.bytes, image.sha256]);
    assert.equal(bytes.readUInt16LE(510), 0xaa55, 'it is a boot sector');
    assert.ok(bytes.includes('NEXUS-SMOKE-OK'));
    const folder = join(nexus.config.artifacts, `smoke-${build.id}`);
    assert.equal(await readFile(join(folder, 'SHA256SUMS'), 'utf8'), `${image.sha256}  smoke.img\n`);
    const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
    assert.equal(manifest.build, build.id);
    assert.deepEqual(manifest.request, build.request);
    assert.match(manifest.storePaths[0], /^\/nix\/store\/.*-smoke\.img$/);
    assert.deepEqual((await readdir(folder)).sort(), ['SHA256SUMS', 'manifest.json', 'smoke.img']);
    assert.equal(build.retrieve.length, 1);
  });

  it('is answered with an earlier one that has made the same, while its artifacts are as they were', async () => {
    const source = await nexus.upload(join(examples, 'smoke'));
    const request = { kind: 'nix', name: 'again', source, file: 'default.nix' } as const;
    const first = await nexus.build(request);
    const submit = async (more = {}) => (await nexus.client.submit({ ...request, ...more })).id;
    assert.equal(await submit({ priority: 3 }), first.id);
    const other = await submit({ name: 'other' });
    const anew = await submit({ rebuild: true });
    assert.equal(new Set([first.id, other, anew]).size, 3);
    const { artifacts } = await nexus.ended(anew);
    assert.equal(await submit(), anew, 'the newest');
    const { path = '' } = artifacts[0] ?? {};
    await writeFile(path, await readFile(path));
    await utimes(path, 1, 1);
    const touched = await submit();
    assert.ok(![first.id, anew].includes(touched));
    assert.equal((await nexus.ended(touched)).state, 'succeeded');
  });

  it('brings every output of a Nix file home, in whatever shape it is', async () => {
    await using folder = await tempFolder();
    const derivation = (name: string, script: string) => `derivation {
      name = "${name}"; system = builtins.currentSystem; builder = shell; args = [ "-c" ''${script}'' ];
    }`;
    await writeFile(
      folder.file('many.nix'),
      `let
        static = /bin/bash-static;
        shell = if builtins.pathExists static then builtins.path { path = static; } else "/bin/sh";
      in {
        a = ${derivation('plain', 'echo a > $out')};
        b = ${derivation('also', 'echo b > $out')};
      }`,
    );
    const source = await nexus.upload(folder.path);
    const both = await nexus.build({ kind: 'nix', name: 'many', source, file: 'many.nix' });
    assert.equal(both.state, 'succeeded', JSON.stringify(both.error));
    assert.deepEqual(both.artifacts.map(({ name }) => name).sort(), ['also', 'plain']);
    const one = await nexus.build({ kind: 'nix', name: 'one', source, file: './many.nix', attribute: 'b' });
    assert.deepEqual(
      one.artifacts.map(({ name }) => name),
      ['also'],
    );
  });

  it('fails with the lines that say why, and its log has them all', async () => {
    await using folder = await tempFolder();
    await writeFile(
      folder.file('default.nix'),
      `let
        static = /bin/bash-static;
        shell = if builtins.pathExists static then builtins.path { path = static; } else "/bin/sh";
        broken = derivation {
          name = "broken"; system = builtins.currentSystem; builder = shell;
          args = [ "-c" "echo the needle in the log; exit 3" ];
        };
      in derivation {
        name = "outer"; system = builtins.currentSystem; builder = shell; args = [ "-c" "echo \${broken}" ];
      }`,
    );
    const source = await nexus.upload(folder.path);
    const build = await nexus.build({ kind: 'nix', name: 'broken', source, file: 'default.nix' });
    assert.equal(build.state, 'failed');
    assert.equal(build.error?.code, 'build-failed');
    assert.match(build.error?.message ?? '', /the needle in the log/);
    assert.match(build.error?.message ?? '', /exit code 3/);
    assert.match(await nexus.logOf(build.id), /the needle in the log/);
  });

  it('fails with file and line when the expression is wrong', async () => {
    await using folder = await tempFolder();
    await writeFile(folder.file('default.nix'), '{\n  a = undefinedName;\n}\n');
    const source = await nexus.upload(folder.path);
    const build = await nexus.build({ kind: 'nix', name: 'wrong', source, file: '.' });
    assert.match(build.error?.message ?? '', /undefined variable 'undefinedName'/);
    assert.match(build.error?.message ?? '', /default\.nix:2/);
  });

  it('runs a script with its source and delivers artifacts of any name, each under a safe one', async () => {
    await using folder = await tempFolder();
    await writeFile(folder.file('input'), 'from the source');
    const source = await nexus.upload(folder.path);
    const names = [
      'with space',
      '-rf',
      '.hidden',
      "quo'te",
      'ü',
      '$(id)',
      'SHA256SUMS',
      'manifest.json',
      'a;b',
    ];
    const lines = names.map((name) => {
      const quoted = `'${name.replaceAll("'", `'\\''`)}'`;
      return `cp source/input ./${quoted}; nexus-artifact ./${quoted}`;
    });
    const script = `set -e\n${lines.join('\n')}\nmkdir other; cp source/input other/${'ü'}; nexus-artifact other/ü\n`;
    const build = await nexus.ended((await nexus.script(script, { source, name: 'names' })).id);
    assert.equal(build.state, 'succeeded', JSON.stringify(build.error));
    assert.equal(build.artifacts.length, names.length + 1);
    const folderOnDisk = join(nexus.config.artifacts, `names-${build.id}`);
    for (const { name, path, sha256 } of build.artifacts) {
      assert.match(name, /^[A-Za-z0-9_][A-Za-z0-9._+-]*$/);
      assert.equal(path, join(folderOnDisk, name));
      assert.equal(await readFile(path, 'utf8'), 'from the source');
      assert.equal(sha256, sha256Of('from the source'));
    }
    const onDisk = (await readdir(folderOnDisk)).sort();
    assert.deepEqual(
      onDisk,
      [...build.artifacts.map(({ name }) => name), 'SHA256SUMS', 'manifest.json'].sort(),
    );
  });

  it('succeeds without artifacts when it is a script', async () => {
    const build = await nexus.ended((await nexus.script('echo hello')).id);
    assert.equal(build.state, 'succeeded');
    assert.deepEqual(build.artifacts, []);
    assert.equal(await nexus.logOf(build.id), 'hello\n');
  });

  it('fails when its script is no Bash, with Bash’s words', async () => {
    const build = await nexus.ended((await nexus.script('if then')).id);
    assert.equal(build.error?.code, 'script-rejected');
    assert.match(build.error?.message ?? '', /syntax error/);
    assert.equal(await nexus.logOf(build.id), '');
  });

  it('is ended by a signal of its own, and says which', async () => {
    const build = await nexus.ended((await nexus.script('kill -KILL $$')).id);
    assert.match(build.error?.message ?? '', /signal KILL/);
  });

  it('says that it was cancelled on the builder when somebody did that by hand', async () => {
    const build = await nexus.ended((await nexus.script('nexus-cancel "$NEXUS_BUILD_ID"; sleep 20')).id);
    assert.equal(build.state, 'failed');
    assert.match(build.error?.message ?? '', /cancelled on the builder/);
  });

  it('keeps the end of a very long log', async () => {
    const build = await nexus.ended((await nexus.script('seq 200000; echo the end')).id);
    const log = await nexus.logOf(build.id);
    assert.ok(log.endsWith('200000\nthe end\n'), log.slice(-100));
    assert.equal(log.split('\n').length, 200_002);
  });

  it('waits for its turn, and the order is that of the submissions', async () => {
    const first = await nexus.script('nexus-phase waiting; sleep 0.5');
    const second = await nexus.script('true');
    const third = await nexus.script('true');
    await nexus.inPhase(first.id, 'waiting');
    assert.equal((await nexus.client.show(second.id)).state, 'queued');
    const ends = await Promise.all([first, second, third].map(({ id }) => nexus.ended(id)));
    const times = ends.map(({ finishedAt }) => finishedAt ?? '');
    assert.deepEqual(times, [...times].sort());
  });

  it('of a higher priority goes before, and those that wait say for what', async () => {
    const go = nexus.folder.file('go-priority');
    const first = await nexus.script(`nexus-phase waiting; until [ -e '${go}' ]; do sleep 0.05; done`);
    await nexus.inPhase(first.id, 'waiting');
    const low = await nexus.client.submit({ kind: 'script', name: 'low', script: 'true', priority: -1 });
    const high = await nexus.client.submit({ kind: 'script', name: 'high', script: 'true', priority: 1 });
    const waiting = await Promise.all(
      [low, high].map(async ({ id }) => (await nexus.client.show(id)).waiting),
    );
    assert.deepEqual(waiting, ['2 builds are ahead', 'one build is ahead']);
    await writeFile(go, '');
    const ends = await Promise.all([high, low].map(({ id }) => nexus.ended(id)));
    const times = ends.map(({ finishedAt }) => finishedAt ?? '');
    assert.deepEqual(times, [...times].sort());
    assert.deepEqual(
      ends.map(({ waiting }) => waiting),
      [null, null],
    );
  });

  describe('that is cancelled', () => {
    it('while it waits, ends at once and never runs', async () => {
      const first = await nexus.script('nexus-phase waiting; sleep 30');
      const second = await nexus.script('touch /tmp/nexus-test-ran');
      await nexus.inPhase(first.id, 'waiting');
      const cancelled = await within('the cancel', nexus.client.cancel(second.id), 2000);
      assert.equal(cancelled.state, 'cancelled');
      assert.equal(cancelled.startedAt, null);
      await nexus.client.cancel(first.id);
    });

    it('while it runs, leaves no process of it', async () => {
      const stubborn =
        'trap "" TERM INT HUP; (setsid sleep 4711.5 &) ; nexus-phase running; while :; do sleep 4711.5; done';
      const build = await nexus.script(stubborn);
      await nexus.inPhase(build.id, 'running');
      assert.ok((await processesNaming('sleep 4711.5')).length > 0);
      const cancelled = await within('the cancel', nexus.client.cancel(build.id));
      assert.equal(cancelled.state, 'cancelled');
      assert.deepEqual(await processesNaming('sleep 4711.5'), []);
      assert.equal((await nexus.client.cancel(build.id)).state, 'cancelled', 'again');
    });

    it('at any moment of its preparation, ends cancelled, and the next build runs', async () => {
      for (let turns = 0; turns < 8; turns += 1) {
        const build = await nexus.script('sleep 20');
        await new Promise((resolve) => setTimeout(resolve, turns * 18));
        const cancelled = await within('the cancel', nexus.client.cancel(build.id));
        assert.equal(cancelled.state, 'cancelled');
      }
      const next = await nexus.ended((await nexus.script('true')).id);
      assert.equal(next.state, 'succeeded');
    });

    it('twice at once, ends once', async () => {
      const build = await nexus.script('nexus-phase running; sleep 30');
      await nexus.inPhase(build.id, 'running');
      const both = await Promise.all([nexus.client.cancel(build.id), nexus.client.cancel(build.id)]);
      assert.deepEqual(
        both.map(({ state }) => state),
        ['cancelled', 'cancelled'],
      );
    });

    it('after its end, stays as it is', async () => {
      const build = await nexus.ended((await nexus.script('true')).id);
      assert.deepEqual(await nexus.client.cancel(build.id), build);
    });
  });

  describe('that cannot be made', () => {
    it('of a source that was never uploaded, is refused', async () => {
      const request = { kind: 'script', name: 'x', script: 'true', source: '0'.repeat(64) } as const;
      await fails(nexus.client.submit(request), 'not-found', /no source/);
    });

    it('of a source without the file, is refused with what there is', async () => {
      await using folder = await tempFolder();
      await mkdir(folder.file('sub'));
      await writeFile(folder.file('sub', 'other.nix'), '{}');
      const source = await nexus.upload(folder.path);
      const request = { kind: 'nix', name: 'x', source, file: 'default.nix' } as const;
      const error = await fails(nexus.client.submit(request), 'source-without-configuration', /default\.nix/);
      assert.match(error.hint ?? '', /sub\/other\.nix/);
      for (const file of ['sub/other.nix', './sub//other.nix', 'sub/./other.nix']) {
        const build = await nexus.client.submit({ ...request, file });
        await nexus.client.cancel(build.id);
      }
    });
  });
});

describe('An orchestrator', () => {
  before(async function () {
    skipUnless(this, await builderMissing());
  });

  it('ends what runs and what waits when it stops, and leaves no process', async () => {
    await using nexus = await TestOrchestrator.start();
    const running = await nexus.script('nexus-phase running; sleep 4712.5');
    const waiting = await nexus.script('true');
    await nexus.inPhase(running.id, 'running');
    const pipe = join(nexus.config.data, 'this-machine');
    assert.ok((await processesNaming(basename(nexus.folder.path))).length > 0, 'the watcher runs');
    await nexus.stop();
    assert.deepEqual(await processesNaming('sleep 4712.5'), []);
    await untilNoProcessNames(pipe);
    await nexus.start();
    assert.deepEqual(
      [(await nexus.client.show(running.id)).state, (await nexus.client.show(waiting.id)).state],
      ['cancelled', 'cancelled'],
    );
  });

  it('lists its old builds after a restart, one with a damaged record too', async () => {
    await using nexus = await TestOrchestrator.start();
    const ids: string[] = [];
    for (const script of ['echo one', 'echo two']) {
      ids.push((await nexus.ended((await nexus.script(script)).id)).id);
    }
    const [kept = '', damaged = ''] = ids;
    const before = await nexus.client.list();
    await nexus.stop();
    const record = join(nexus.config.data, 'builds', damaged, 'build.json');
    await writeFile(record, '{"id": ');
    await mkdir(join(nexus.config.data, 'builds', 'without-record'));
    await nexus.start();
    assert.deepEqual(await nexus.client.list(), before);
    assert.equal(await readFile(`${record}.damaged`, 'utf8'), '{"id": ');
    assert.match(nexus.log.text(), /Damaged build record set aside/);
    assert.equal(await nexus.logOf(kept), 'one\n');
    assert.deepEqual((await readdir(join(nexus.config.data, 'builds'))).sort(), [...ids].sort());
  });

  it('builds so many at once as it has slots', async () => {
    await using nexus = await TestOrchestrator.start({ NEXUS_SLOTS: '2' });
    const go = nexus.folder.file('go');
    const wait = `nexus-phase waiting; until [ -e '${go}' ]; do sleep 0.05; done`;
    const builds = await Promise.all([wait, wait, wait].map((script) => nexus.script(script)));
    const states = async () => {
      const all = await Promise.all(builds.map(({ id }) => nexus.client.show(id)));
      return all.map(({ state }) => state).sort();
    };
    await until('two that run', async () =>
      (await states()).filter((state) => state === 'building').length === 2 ? true : undefined,
    );
    assert.deepEqual(await states(), ['building', 'building', 'queued']);
    await writeFile(go, '');
    await Promise.all(builds.map(({ id }) => nexus.ended(id)));
    assert.deepEqual(await states(), ['succeeded', 'succeeded', 'succeeded']);
  });

  it('refuses a data folder that another one has', async () => {
    await using nexus = await TestOrchestrator.start();
    await fails(nexus.start(), 'data-in-use', /has the data folder/);
    assert.deepEqual(await nexus.client.list(), []);
  });

  it('says that the port is taken, and gives the data folder back', async () => {
    await using first = await TestOrchestrator.start();
    const { port } = new URL(first.running.url);
    await using second = await TestOrchestrator.start();
    await second.stop();
    second.config.port = Number(port);
    await fails(second.start(), 'config-invalid', /EADDRINUSE/);
    second.config.port = 0;
    await second.start();
  });

  it('starts its builder anew when that is lost, and the build goes on', async () => {
    await using nexus = await TestOrchestrator.start();
    const go = nexus.folder.file('go');
    const build = await nexus.script(
      `echo first; nexus-phase running; until [ -e '${go}' ]; do sleep 0.05; done; echo last`,
    );
    await nexus.inPhase(build.id, 'running');
    const mine = await until('the watcher of this orchestrator', () => watcherOf(nexus));
    process.kill(mine, 'SIGKILL');
    await until('another watcher', async () => {
      const other = await watcherOf(nexus);
      return other !== undefined && other !== mine ? other : undefined;
    });
    await writeFile(go, '');
    const ended = await nexus.ended(build.id);
    assert.equal(ended.state, 'succeeded', JSON.stringify(ended.error));
    assert.equal(ended.attempt, 1);
    assert.equal(await nexus.logOf(build.id), 'first\nlast\n');
  });

  it('stops its builder on request, cancelling what runs, and starts it for the next build', async () => {
    await using nexus = await TestOrchestrator.start();
    const build = await nexus.script('nexus-phase running; sleep 30');
    await nexus.inPhase(build.id, 'running');
    assert.equal((await nexus.client.builder()).state, 'busy');
    const stopped = await nexus.client.stopBuilder();
    assert.deepEqual([stopped.state, stopped.kind], ['absent', 'this-machine']);
    assert.equal((await nexus.client.show(build.id)).state, 'cancelled');
    assert.equal((await nexus.ended((await nexus.script('true')).id)).state, 'succeeded');
  });

  it('can be told to stop its builder at any moment of its start, and leaves no watcher', async () => {
    await using nexus = await TestOrchestrator.start();
    for (let turn = 0; turn < 6; turn += 1) {
      await nexus.client.startBuilder();
      await new Promise((resolve) => setTimeout(resolve, turn * 25));
      assert.equal((await within('the stop', nexus.client.stopBuilder())).state, 'absent');
    }
    assert.equal((await nexus.ended((await nexus.script('true')).id)).state, 'succeeded');
    await nexus.client.stopBuilder();
    await until('no watcher', async () => ((await watcherOf(nexus)) === undefined ? true : undefined));
  });
});

/** The process of the watcher that serves the folder of this orchestrator. */
async function watcherOf(nexus: TestOrchestrator): Promise<number | undefined> {
  for (const line of await processesNaming('nexus-watcher')) {
    const pid = Number.parseInt(line, 10);
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (environment.includes(`NEXUS_BOOTSTRAP=${join(nexus.config.data, 'this-machine')}`)) return pid;
  }
  return undefined;
}

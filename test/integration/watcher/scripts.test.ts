import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PipeFolder, until } from '../../fixtures/watcher.ts';

const run = promisify(execFile);

describe('The watcher takes scripts', () => {
  it('greets with what the machine is', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    const hello = await pipe.event('hello');
    assert.equal(hello.seq, 1);
    assert.equal(hello.v, 1);
    assert.equal(hello.epoch, (await readFile(pipe.file('epoch'), 'utf8')).trim());
    assert.match(String(hello.at), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(Math.abs(Date.parse(hello.at) - Date.now()) < 60_000);
    assert.match(String(hello.system), /^[a-z0-9_]+-linux$/);
    assert.ok(Number(hello.cores) >= 1);
    assert.ok(Number(hello.memory) > 1e6);
    assert.equal(typeof hello.kvm, 'boolean');
    const disk = hello.disk as { total: number; free: number };
    assert.ok(disk.total >= disk.free && disk.free > 0);
  });

  it('answers a script written by hand', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    await pipe.writeInPlace('echo "I am $NEXUS_BUILD_ID"; pwd\n');
    const accepted = await pipe.event('accepted');
    const id = String(accepted.id);
    assert.match(id, /^hand-\d{8}-\d{6}-[0-9a-f]{4}$/);
    const finished = await pipe.event('finished', id);
    assert.equal(finished.result, 'success');
    assert.deepEqual(finished.retrieve, []);
    assert.equal(await pipe.log(id), `I am ${id}\n${pipe.build(id)}\n`);
    assert.deepEqual(
      (await pipe.eventsOf(id)).map((event) => event.type),
      ['accepted', 'started', 'finished'],
    );
    assert.deepEqual(JSON.parse(await pipe.marker(id)), finished);
  });

  it('takes the id from a header in either of the first two lines', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    await pipe.sendText('# nexus-build: first-1\ntrue\n');
    await pipe.event('finished', 'first-1');
    await pipe.sendText('#!/bin/bash\n# nexus-build: second-2\r\ntrue\n');
    await pipe.event('finished', 'second-2');
    await pipe.sendText('#\n#\n# nexus-build: third-3\n');
    await until('a third acceptance', async () =>
      (await pipe.events()).find((event) => event.type === 'accepted' && /^hand-/.test(String(event.id))),
    );
  });

  it('answers a script that is sent again, and does not run it again', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    await pipe.runBuild('once', 'echo ran');
    await pipe.send('once', 'echo ran');
    const again = await until('the second answer', async () =>
      (await pipe.eventsOf('once')).find((event) => event.again),
    );
    assert.equal(again.type, 'accepted');
    await pipe.runBuild('other', 'true');
    assert.equal(await pipe.log('once'), 'ran\n');
    await pipe.assertSound();
  });

  it('runs two scripts that are written back to back, each after the answer to the one before', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    await pipe.send('one', 'sleep 0.3; echo one');
    await pipe.event('accepted', 'one');
    await pipe.send('two', 'echo two');
    await pipe.event('accepted', 'two');
    await pipe.event('finished', 'one');
    await pipe.event('finished', 'two');
    assert.equal(await pipe.log('one'), 'one\n');
    assert.equal(await pipe.log('two'), 'two\n');
  });

  it('does not make one build wait for another', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    await pipe.send('long', 'until [[ -e ../short/finished ]]; do sleep 0.1; done');
    await pipe.event('started', 'long');
    await pipe.runBuild('short', 'true');
    await pipe.event('finished', 'long');
  });

  it('runs a script that is written slowly in place once and whole', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    await pipe.writeInPlace('# nexus-build: slow\necho first', ' half\n', 'echo second half\n');
    await pipe.event('finished', 'slow');
    assert.equal(await pipe.log('slow'), 'first half\nsecond half\n');
    assert.equal((await pipe.events()).filter((event) => event.type === 'accepted').length, 1);
  });

  it('runs a script that lay there before it started', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.sendText('# nexus-build: early\necho early\n');
    await pipe.watch();
    await pipe.event('finished', 'early');
    assert.equal(await pipe.log('early'), 'early\n');
  });

  it('waits for the end of a script that was being written when it started', async () => {
    await using pipe = await PipeFolder.create();
    const writing = pipe.writeInPlace(
      '# nexus-build: slow\necho first',
      ...Array(15).fill(' half'),
      '\n',
      'echo second half\n',
    );
    await pipe.watch();
    await writing;
    await pipe.event('finished', 'slow');
    assert.match(await pipe.log('slow'), /^first( half)+\nsecond half\n$/);
    assert.equal((await pipe.events()).filter((event) => event.type === 'accepted').length, 1);
  });

  it('answers a script that an earlier watcher had taken but not answered', async () => {
    await using pipe = await PipeFolder.create();
    await writeFile(pipe.file('.pipe_in.taken'), '# nexus-build: left-over\necho here\n');
    await pipe.watch();
    assert.equal((await pipe.event('finished', 'left-over')).result, 'success');
  });

  it('launches an accepted script that an earlier watcher had not launched', async () => {
    await using pipe = await PipeFolder.create();
    await mkdir(pipe.build('kept'), { recursive: true });
    await writeFile(pipe.build('kept', 'boot'), await readFile('/proc/sys/kernel/random/boot_id'));
    await writeFile(pipe.build('kept', 'script'), 'echo kept\n');
    await pipe.watch();
    assert.equal((await pipe.event('finished', 'kept')).result, 'success');
    assert.equal(await pipe.log('kept'), 'kept\n');
  });

  it('gives a script its folder, its id, the folder of the pipe and the commands', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    await mkdir(pipe.build('env', 'source'), { recursive: true });
    await writeFile(pipe.build('env', 'source', 'file'), 'from the source\n');
    await pipe.runBuild(
      'env',
      `printf '%s\\n' "$NEXUS_BUILD_ID" "$NEXUS_BUILD_DIR" "$NEXUS_BOOTSTRAP" "$PWD"
      cat source/file
      command -v nexus-phase nexus-artifact nexus-cancel >/dev/null && echo commands
      [[ $(command -v install) != */vm/watcher/* ]] && echo the true install
      read -r || echo no input`,
    );
    const folder = pipe.build('env');
    assert.deepEqual((await pipe.log('env')).split('\n').slice(0, -1), [
      'env',
      folder,
      pipe.path,
      folder,
      'from the source',
      'commands',
      'the true install',
      'no input',
    ]);
  });

  const refused: ReadonlyArray<{ what: string; text: string | Buffer; why: RegExp; id?: string }> = [
    {
      what: 'a script that Bash cannot parse',
      text: '# nexus-build: bad\necho "open\n',
      why: /^line 2: .*EOF/,
      id: 'bad',
    },
    { what: 'an id with a slash', text: '# nexus-build: ../../etc\ntrue\n', why: /not an id/ },
    { what: 'an id in capitals', text: '# nexus-build: Build\ntrue\n', why: /not an id/ },
    { what: 'an id that begins with a hyphen', text: '# nexus-build: -rf\ntrue\n', why: /not an id/ },
    { what: 'an id of 64 letters', text: `# nexus-build: ${'a'.repeat(64)}\ntrue\n`, why: /not an id/ },
    { what: 'a header without an id', text: '# nexus-build:\ntrue\n', why: /not an id/ },
    { what: 'an empty file', text: '', why: /empty/ },
    { what: 'NUL bytes', text: Buffer.from('# nexus-build: nul\necho a\0b\n'), why: /NUL/, id: 'nul' },
    {
      what: 'a program',
      text: Buffer.from('\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0>\0', 'latin1'),
      why: /./,
    },
    { what: 'an id that is a command', text: '# nexus-build: $(touch ran)\ntrue\n', why: /not an id/ },
    { what: 'more than 16 MiB', text: `${'#'.repeat(17 * 1024 * 1024)}\n`, why: /more than 16 MiB/ },
    { what: 'bytes that are no text', text: Buffer.from([0xff, 0xfe, 0x28, 0x0a, 0x80]), why: /./ },
  ];
  for (const { what, text, why, id } of refused) {
    it(`rejects ${what} and goes on`, async () => {
      await using pipe = await PipeFolder.create();
      await pipe.watch();
      await pipe.sendText(text);
      const rejected = await pipe.event('rejected');
      assert.match(String(rejected.why), why);
      assert.equal(rejected.id, id ?? null);
      assert.equal((await pipe.runBuild('next', 'true')).result, 'success');
      await pipe.assertSound();
    });
  }

  it('accepts an id that was rejected before', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    await pipe.send('mended', 'if true; then');
    await pipe.event('rejected', 'mended');
    assert.equal((await pipe.runBuild('mended', 'true')).result, 'success');
  });

  it('answers when the folder of a build cannot be made', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    await writeFile(pipe.build('blocked'), '');
    await pipe.send('blocked', 'true');
    assert.match(String((await pipe.event('rejected', 'blocked')).why), /cannot be kept: .*exists/);
    assert.equal((await pipe.runBuild('next', 'true')).result, 'success');
  });

  const strange: ReadonlyArray<{ what: string; why: RegExp; make: (path: string) => Promise<unknown> }> = [
    {
      what: 'a folder',
      why: /not a plain file: it was a folder, and is .*pipe_in\.\d+ now/,
      make: async (path) => {
        await mkdir(path);
        await writeFile(join(path, 'precious'), 'kept');
      },
    },
    { what: 'a link', why: /it was a link/, make: (path) => symlink(import.meta.filename, path) },
    { what: 'a dangling link', why: /it was a link/, make: (path) => symlink('/nowhere', path) },
    { what: 'a FIFO', why: /it was a special file/, make: (path) => run('mkfifo', [path]) },
  ];
  for (const { what, why, make } of strange) {
    for (const when of ['before', 'after'] as const) {
      it(`clears away ${what} that lies in the place of pipe_in ${when} its start`, async () => {
        await using pipe = await PipeFolder.create();
        if (when === 'after') await pipe.watch();
        await make(pipe.file('pipe_in'));
        if (when === 'before') await pipe.watch();
        const rejected = await pipe.event('rejected', null);
        assert.match(String(rejected.why), why);
        assert.equal((await pipe.runBuild('next', 'true')).result, 'success');
        assert.equal((await stat(import.meta.filename)).isFile(), true);
        const [moved] = (await readdir(pipe.path)).filter((name) => name.startsWith('pipe_in.'));
        if (what === 'a folder') {
          assert.equal(await readFile(pipe.file(moved ?? '', 'precious'), 'utf8'), 'kept');
        }
      });
    }
  }

  it('runs a script of 10 MB', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    const line = `# ${'x'.repeat(97)}\n`;
    const finished = await pipe.runBuild('big', `${line.repeat(100_000)}echo end of ten megabytes\n`);
    assert.equal(finished.result, 'success');
    assert.equal(await pipe.log('big'), 'end of ten megabytes\n');
  });

  it('survives 10 MB in one line', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    await pipe.sendText(`: ${'x'.repeat(10_000_000)}`);
    await pipe.event('finished');
    assert.equal((await pipe.runBuild('next', 'true')).result, 'success');
  });
});

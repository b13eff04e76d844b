import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { PassThrough, Readable } from 'node:stream';
import { buffer as bytesOf } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { localTransport } from '../../../src/transport/local-transport.ts';
import { Collected } from '../../fixtures/collected.ts';
import { within } from '../../fixtures/limits.ts';
import { processesNaming, untilNoProcessNames } from '../../fixtures/sshd.ts';
import { tempFolder } from '../../fixtures/temp-folder.ts';
import { until } from '../../fixtures/watcher.ts';

const local = localTransport();

/** What keeps this process alive, without what mocha and the standard streams have anyway. */
const watches = () => process.getActiveResourcesInfo().filter((name) => name === 'FSEventWrap').length;

describe('The local transport', () => {
  describe('run', () => {
    it('gives status and both outputs, and passes every argument as one word', async () => {
      const words = ['a b', "it's", '$(id)', '', '*'];
      const result = await local.run([
        'bash',
        '-c',
        'printf "%s\\0" "$@"; echo oops >&2; exit 7',
        'x',
        ...words,
      ]);
      assert.deepEqual(result, { stdout: `${words.join('\0')}\0`, stderr: 'oops\n', status: 7 });
    });

    it('has no status for a program that a signal ended', async () => {
      assert.equal((await local.run(['sh', '-c', 'kill -9 $$'])).status, null);
    });

    it('feeds input, and does not mind when the program stops reading it', async () => {
      assert.equal((await local.run(['cat'], { input: 'text' })).stdout, 'text');
      const bytes = randomBytes(5_000_000);
      const { stdout } = await local.run(['wc', '-c'], { input: Readable.from([bytes]) });
      assert.equal(Number(stdout), bytes.length);
      const input = Readable.from([bytes, bytes]);
      assert.equal((await within('true', local.run(['true'], { input }))).status, 0);
    });

    it('rejects when the input fails, and the program ends', async () => {
      const input = new PassThrough();
      const running = local.run(['sh', '-c', 'cat; sleep 5', 'nexus-test-input'], { input });
      setTimeout(() => input.destroy(new Error('the archive is gone')), 50);
      await assert.rejects(within('the failed input', running), /the archive is gone/);
    });

    it('rejects for a program that does not exist', async () => {
      await assert.rejects(local.run(['nexus-no-such-program']), /ENOENT/);
    });

    it('rejects with the reason of its signal and ends the program', async () => {
      const abort = new AbortController();
      const running = local.run(['sleep', '61.25'], { signal: abort.signal });
      await until('sleep', async () => (await processesNaming('sleep 61.25')).length > 0 || undefined);
      abort.abort(new Error('enough'));
      await assert.rejects(within('the abort', running), /enough/);
      await untilNoProcessNames('sleep 61.25');
      await assert.rejects(local.run(['true'], { signal: abort.signal }), /enough/);
    });

    it('keeps our own settings from the program', async () => {
      process.env.NEXUS_TEST_SECRET = 'secret';
      try {
        assert.doesNotMatch((await local.run(['env'])).stdout, /NEXUS_/);
      } finally {
        delete process.env.NEXUS_TEST_SECRET;
      }
    });
  });

  describe('read', () => {
    it('gives the bytes from the offset on', async () => {
      await using folder = await tempFolder();
      const bytes = randomBytes(1_000_000);
      await writeFile(folder.file('file'), bytes);
      assert.ok((await bytesOf(local.read(folder.file('file')))).equals(bytes));
      assert.ok(
        (await bytesOf(local.read(folder.file('file'), { offset: 999_990 }))).equals(bytes.subarray(-10)),
      );
      assert.equal((await bytesOf(local.read(folder.file('file'), { offset: 1_000_000 }))).length, 0);
    });

    it('rejects for a file that is not there', async () => {
      await assert.rejects(bytesOf(local.read('/nowhere')), /ENOENT/);
    });

    it('rejects with the reason of its signal', async () => {
      const abort = new AbortController();
      const reading = async () => {
        for await (const chunk of local.read('/dev/zero', { signal: abort.signal })) {
          if (chunk.length > 0) abort.abort(new Error('enough'));
        }
      };
      await assert.rejects(within('the abort', reading()), /enough/);
    });
  });

  describe('follow', () => {
    it('waits for the file, gives what is appended, and ends with its signal, leaving no handle', async () => {
      await using folder = await tempFolder();
      const abort = new AbortController();
      const before = watches();
      const followed = new Collected(local.follow(folder.file('log'), { signal: abort.signal }));
      await sleep(50);
      await writeFile(folder.file('log'), 'one\n');
      await followed.untilText('one\n');
      await appendFile(folder.file('log'), 'two\n');
      await followed.untilText('one\ntwo\n');
      abort.abort(new Error('enough'));
      assert.match(String(await within('the end', followed.ended)), /enough/);
      await until('no watch', () => watches() === before || undefined);
    });

    it('waits for a folder that is not there yet', async () => {
      await using folder = await tempFolder();
      const abort = new AbortController();
      const followed = new Collected(local.follow(folder.file('new', 'log'), { signal: abort.signal }));
      await sleep(50);
      await mkdir(folder.file('new'));
      await writeFile(folder.file('new', 'log'), 'one\n');
      await followed.untilText('one\n');
      abort.abort();
      await followed.ended;
    });

    it('begins at the exact byte and misses none of many quick appends', async () => {
      await using folder = await tempFolder();
      const abort = new AbortController();
      const log = folder.file('log');
      await writeFile(log, 'skipped,');
      const followed = new Collected(local.follow(log, { offset: 8, signal: abort.signal }));
      let expected = '';
      for (let line = 0; line < 2000; line += 1) {
        const text = `${line}\n`;
        expected += text;
        await appendFile(log, text);
      }
      await followed.untilText(expected);
      abort.abort();
      await followed.ended;
    });

    it('ends at once for a signal that has already aborted, with its reason', async () => {
      await using folder = await tempFolder();
      const signal = AbortSignal.abort(new Error('enough'));
      const followed = new Collected(local.follow(folder.file('log'), { signal }));
      assert.match(String(await within('the end', followed.ended)), /enough/);
    });

    it('leaves no handle when its reader goes away', async () => {
      await using folder = await tempFolder();
      const before = watches();
      await writeFile(folder.file('log'), 'one\n');
      for await (const _ of local.follow(folder.file('log'))) break;
      await until('no watch', () => watches() === before || undefined);
    });
  });

  describe('put', () => {
    it('writes a file with exactly its bytes and its mode, over what was there', async () => {
      await using folder = await tempFolder();
      const bytes = randomBytes(300_000);
      await writeFile(folder.file('file'), 'before', { mode: 0o777 });
      await local.put(folder.file('file'), bytes, { mode: 0o640 });
      assert.ok((await readFile(folder.file('file'))).equals(bytes));
      assert.equal((await stat(folder.file('file'))).mode & 0o7777, 0o640);
      await local.put(folder.file('file'), '');
      assert.equal((await stat(folder.file('file'))).mode & 0o7777, 0o600);
      assert.deepEqual(await folder.names(), ['file']);
    });

    it('gives the exact mode whatever the umask says', async () => {
      await using folder = await tempFolder();
      const before = process.umask(0o077);
      try {
        await local.put(folder.file('file'), 'x', { mode: 0o644 });
      } finally {
        process.umask(before);
      }
      assert.equal((await stat(folder.file('file'))).mode & 0o7777, 0o644);
    });

    it('never shows a part of the file', async () => {
      await using folder = await tempFolder();
      const sizes = new Set<number>();
      let writing = true;
      const look = async () => {
        while (writing) sizes.add((await readFile(folder.file('file')).catch(() => Buffer.alloc(7))).length);
      };
      const looking = look();
      for (let round = 0; round < 20; round += 1)
        await local.put(folder.file('file'), randomBytes(1_000_000));
      writing = false;
      await looking;
      assert.deepEqual(
        [...sizes].filter((size) => size !== 7 && size !== 1_000_000),
        [],
      );
    });

    it('rejects when the folder is missing, and leaves nothing beside a folder of that name', async () => {
      await using folder = await tempFolder();
      await assert.rejects(local.put(folder.file('nowhere', 'file'), 'x'), /ENOENT/);
      await mkdir(folder.file('taken'));
      await assert.rejects(local.put(folder.file('taken'), 'x'));
      assert.deepEqual(await folder.names(), ['taken']);
    });

    it('rejects with the reason of a signal that has aborted, and writes nothing', async () => {
      await using folder = await tempFolder();
      const signal = AbortSignal.abort(new Error('enough'));
      await assert.rejects(local.put(folder.file('file'), 'x', { signal }), /enough/);
      assert.deepEqual(await folder.names(), []);
    });
  });
});

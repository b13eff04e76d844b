import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFile, readFile, stat, writeFile } from 'node:fs/promises';
import { PassThrough, Readable } from 'node:stream';
import { buffer as bytesOf } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { NexusError } from '../../../src/errors.ts';
import { connectSsh } from '../../../src/transport/ssh-connection.ts';
import { SshTransport } from '../../../src/transport/ssh-transport.ts';
import { Collected } from '../../fixtures/collected.ts';
import { fails } from '../../fixtures/fails.ts';
import { skipUnless, within } from '../../fixtures/limits.ts';
import { freePort, processesNaming, Sshd, sshdMissing, untilNoProcessNames } from '../../fixtures/sshd.ts';
import { TcpProxy } from '../../fixtures/tcp-proxy.ts';
import { tempFolder } from '../../fixtures/temp-folder.ts';
import { until } from '../../fixtures/watcher.ts';

describe('The SSH transport', () => {
  let sshd: Sshd;

  before(async function () {
    skipUnless(this, await sshdMissing());
    sshd = await Sshd.start();
  });
  after(async () => sshd?.[Symbol.asyncDispose]());

  describe('connecting', () => {
    it('refuses a server with another host key and sends it nothing', async () => {
      await using other = await Sshd.start();
      const address = { ...other.address, hostPublicKey: sshd.keys.host.publicKey };
      await fails(SshTransport.connect(address), 'host-key-mismatch');
      assert.doesNotMatch(other.log, /Accepted|Failed/);
    });

    it('says that the server refuses the key', async () => {
      await using other = await Sshd.start();
      const address = { ...sshd.address, privateKey: other.keys.client.privateKey };
      await fails(SshTransport.connect(address), 'connection-failed', /refuses our key/);
    });

    it('says that nothing listens', async () => {
      const address = { ...sshd.address, port: await freePort() };
      await fails(SshTransport.connect(address), 'connection-failed', /ECONNREFUSED/);
    });

    it('gives up with the reason of its signal', async () => {
      await using silent = await TcpProxy.to(sshd.port);
      silent.stall();
      const abort = new AbortController();
      const connecting = connectSsh({ ...sshd.address, port: silent.port }, { signal: abort.signal });
      setTimeout(() => abort.abort(new Error('enough')), 50);
      await assert.rejects(within('the abort', connecting), /enough/);
    });
  });

  describe('run', () => {
    it('gives status and both outputs, and passes every argument as one word', async () => {
      await using ssh = await SshTransport.connect(sshd.address);
      const words = ['a b', "it's", '$(id)', '`id`', '"', '\\', '*', '', 'line\nfeed', '-n', 'ü'];
      const result = await ssh.run([
        'bash',
        '-c',
        'printf "%s\\0" "$@"; echo oops >&2; exit 7',
        'x',
        ...words,
      ]);
      assert.deepEqual(result, { stdout: `${words.join('\0')}\0`, stderr: 'oops\n', status: 7 });
    });

    it('gives the status of a program that closes its output before it exits', async () => {
      await using ssh = await SshTransport.connect(sshd.address);
      const { stdout, status } = await ssh.run(['bash', '-c', 'echo out; exec >&- 2>&-; sleep 0.3; exit 3']);
      assert.deepEqual({ stdout, status }, { stdout: 'out\n', status: 3 });
    });

    it('feeds binary input, byte for byte', async () => {
      await using ssh = await SshTransport.connect(sshd.address);
      const bytes = randomBytes(3_000_000);
      const { stdout } = await ssh.run(['sha256sum'], { input: Readable.from([bytes]) });
      const { stdout: expected } = await ssh.run(['sh', '-c', 'base64 -d | sha256sum'], {
        input: bytes.toString('base64'),
      });
      assert.equal(stdout, expected);
    });

    it('ends although the program never reads its input', async () => {
      await using ssh = await SshTransport.connect(sshd.address);
      const run = ssh.run(['true'], { input: Readable.from([randomBytes(5_000_000)]) });
      assert.equal((await within('true', run)).status, 0);
    });

    it('rejects when the input fails', async () => {
      await using ssh = await SshTransport.connect(sshd.address);
      const input = Readable.from(
        (async function* () {
          yield 'first';
          await sleep(20);
          throw new Error('the archive is gone');
        })(),
      );
      await assert.rejects(within('the failed input', ssh.run(['cat'], { input })), /the archive is gone/);
    });

    it('has no status for a program that a signal ended', async () => {
      await using ssh = await SshTransport.connect(sshd.address);
      assert.equal((await ssh.run(['sh', '-c', 'kill -9 $$'])).status, null);
    });

    it('rejects with the reason of its signal, and a program that reads its input ends', async () => {
      await using ssh = await SshTransport.connect(sshd.address);
      const abort = new AbortController();
      const input = new PassThrough();
      const command = ['sh', '-c', 'cat; echo "$0"', 'nexus-test-abort'] as const;
      const running = ssh.run(command, { input, signal: abort.signal });
      const there = async () => (await processesNaming('nexus-test-abort')).length > 0 || undefined;
      await until('the program', there);
      abort.abort(new Error('enough'));
      await assert.rejects(within('the abort', running), /enough/);
      await untilNoProcessNames('nexus-test-abort');
    });

    it('rejects with the reason of its signal although the program does nothing at all', async () => {
      await using ssh = await SshTransport.connect(sshd.address);
      const abort = new AbortController();
      const running = ssh.run(['sleep', '10'], { signal: abort.signal });
      setTimeout(() => abort.abort(new Error('enough')), 300);
      await assert.rejects(within('the abort', running), /enough/);
    });

    it('rejects with the reason of a signal that aborts while the program is being started', async () => {
      await using ssh = await SshTransport.connect(sshd.address);
      for (let turns = 0; turns < 5; turns += 1) {
        const abort = new AbortController();
        const running = ssh.run(['sleep', '1'], { signal: abort.signal });
        for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
        abort.abort(new Error('enough'));
        await assert.rejects(within('the abort', running, 2000), /enough/);
      }
    });

    it('rejects with connection-lost when the connection breaks, and the next one works', async () => {
      await using ssh = await SshTransport.connect(sshd.address);
      const running = ssh.run(['sleep', '5']);
      await ssh.run(['true']);
      await sshd.killConnections();
      await fails(running, 'connection-lost');
      assert.equal((await ssh.run(['echo', 'again'])).stdout, 'again\n');
    });

    it('rejects with connection-lost after closing', async () => {
      const ssh = await SshTransport.connect(sshd.address);
      const running = ssh.run(['sleep', '5']);
      await ssh[Symbol.asyncDispose]();
      await fails(running, 'connection-lost');
      await fails(ssh.run(['true']), 'connection-lost');
      await ssh[Symbol.asyncDispose]();
    });

    it('has room for 50 programs at once on one connection', async () => {
      await using ssh = await SshTransport.connect(sshd.address);
      const runs = Array.from({ length: 50 }, (_, index) =>
        ssh.run(['sh', '-c', `sleep 0.2; echo ${index}`]),
      );
      const outputs = (await within('50 programs', Promise.all(runs))).map(({ stdout }) => stdout);
      assert.deepEqual(
        outputs,
        outputs.map((_, index) => `${index}\n`),
      );
      assert.equal((await sshd.connections()).length, 1);
    });

    it('says so when the server takes no more programs, and the connection stays', async () => {
      await using narrow = await Sshd.start({ maxSessions: 1 });
      await using ssh = await SshTransport.connect(narrow.address);
      const first = ssh.run(['sh', '-c', 'sleep 0.5; echo first']);
      await fails(ssh.run(['true']), 'command-failed', /open failed/i);
      assert.equal((await first).stdout, 'first\n');
    });
  });

  describe('read', () => {
    it('gives the bytes from the offset on', async () => {
      await using folder = await tempFolder();
      await using ssh = await SshTransport.connect(sshd.address);
      const bytes = randomBytes(1_000_000);
      await writeFile(folder.file('a file'), bytes);
      assert.ok((await bytesOf(ssh.read(folder.file('a file')))).equals(bytes));
      assert.ok(
        (await bytesOf(ssh.read(folder.file('a file'), { offset: 999_990 }))).equals(bytes.subarray(999_990)),
      );
      assert.equal((await bytesOf(ssh.read(folder.file('a file'), { offset: 1_000_000 }))).length, 0);
    });

    it('rejects for a file that is not there', async () => {
      await using ssh = await SshTransport.connect(sshd.address);
      await fails(bytesOf(ssh.read('/nowhere')), 'command-failed', /No such file/);
    });

    it('can be left in the middle', async () => {
      await using ssh = await SshTransport.connect(sshd.address);
      for await (const chunk of ssh.read('/dev/zero')) {
        assert.ok(chunk.length > 0);
        break;
      }
      assert.equal((await ssh.run(['echo', 'fine'])).stdout, 'fine\n');
      await untilNoProcessNames('tail -c +1 -- /dev/zero');
    });

    it('rejects with the reason of its signal', async () => {
      await using ssh = await SshTransport.connect(sshd.address);
      const abort = new AbortController();
      const reading = (async () => {
        for await (const chunk of ssh.read('/dev/zero', { signal: abort.signal })) {
          if (chunk.length > 0) abort.abort(new Error('enough'));
        }
      })();
      await assert.rejects(within('the abort', reading), /enough/);
    });
  });

  describe('follow', () => {
    it('waits for the file, gives what is appended, and leaves nothing behind on the server', async () => {
      await using folder = await tempFolder();
      await using ssh = await SshTransport.connect(sshd.address);
      const abort = new AbortController();
      const log = folder.file('not there yet');
      const followed = new Collected(ssh.follow(log, { signal: abort.signal }));
      await sleep(200);
      await writeFile(log, 'one\n');
      await followed.untilText('one\n');
      await appendFile(log, 'two\n');
      await followed.untilText('one\ntwo\n');
      abort.abort(new Error('enough'));
      assert.match(String(await within('the end', followed.ended)), /enough/);
      await untilNoProcessNames(log);
    });

    it('leaves no program behind when its reader goes away', async () => {
      await using folder = await tempFolder();
      await using ssh = await SshTransport.connect(sshd.address);
      const log = folder.file('log');
      await writeFile(log, 'one\n');
      for await (const chunk of ssh.follow(log)) {
        assert.equal(chunk.toString(), 'one\n');
        break;
      }
      await untilNoProcessNames(log);
    });

    it('ends at once for a signal that aborts while the program is being started', async () => {
      await using folder = await tempFolder();
      await using ssh = await SshTransport.connect(sshd.address);
      for (let turns = 0; turns < 5; turns += 1) {
        const abort = new AbortController();
        const followed = new Collected(ssh.follow(folder.file('log'), { signal: abort.signal }));
        for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
        abort.abort(new Error('enough'));
        assert.match(String(await within('the end', followed.ended, 2000)), /enough/);
      }
      await untilNoProcessNames(folder.path);
    });

    it('goes on at the exact byte when the connection is killed again and again', async () => {
      await using folder = await tempFolder();
      await using ssh = await SshTransport.connect(sshd.address);
      const abort = new AbortController();
      const log = folder.file('log');
      const followed = new Collected(ssh.follow(log, { signal: abort.signal }));
      let expected = '';
      for (let line = 0; line < 300; line += 1) {
        const text = `${line} ${'x'.repeat(line)}\n`;
        expected += text;
        await appendFile(log, text);
        if (line % 100 === 50) {
          await until('a connection to kill', async () => (await sshd.killConnections()) || undefined);
        }
        await sleep(2);
      }
      await followed.untilText(expected);
      abort.abort();
      await followed.ended;
      await untilNoProcessNames(log);
    });

    it('survives a restart of the server', async () => {
      await using own = await Sshd.start();
      await using folder = await tempFolder();
      await using ssh = await SshTransport.connect(own.address);
      const abort = new AbortController();
      const followed = new Collected(ssh.follow(folder.file('log'), { signal: abort.signal }));
      await writeFile(folder.file('log'), 'before\n');
      await followed.untilText('before\n');
      await own.stop();
      await appendFile(folder.file('log'), 'meanwhile\n');
      await sleep(500);
      await own.listen();
      await appendFile(folder.file('log'), 'after\n');
      await followed.untilText('before\nmeanwhile\nafter\n');
      abort.abort();
      await followed.ended;
    });

    it('gives nothing to a server with another host key, and goes on when ours is back', async () => {
      await using other = await Sshd.start();
      await using proxy = await TcpProxy.to(sshd.port);
      await using folder = await tempFolder();
      await using ssh = await SshTransport.connect({ ...sshd.address, port: proxy.port });
      const followed = new Collected(ssh.follow(folder.file('log')));
      await writeFile(folder.file('log'), 'before\n');
      await followed.untilText('before\n');
      proxy.redirect(other.port);
      proxy.cut();
      await until('the other key', () => ssh.reach.why?.includes('host key') || undefined);
      assert.doesNotMatch(other.log, /Accepted|Failed/);
      proxy.redirect(sshd.port);
      await appendFile(folder.file('log'), 'after\n');
      await followed.untilText('before\nafter\n');
      assert.equal(ssh.reach.unreachableSince, null);
    });

    it('gives up when the server does not come back in time', async () => {
      await using own = await Sshd.start();
      await using folder = await tempFolder();
      await using ssh = await SshTransport.connect(own.address, { reconnectMs: 500 });
      const followed = new Collected(ssh.follow(folder.file('log')));
      await writeFile(folder.file('log'), 'before\n');
      await followed.untilText('before\n');
      await own.stop();
      const error = await within('the end', followed.ended);
      assert.ok(error instanceof NexusError && error.code === 'connection-failed', String(error));
    });

    it('ends for its signal also while the connection is being made again', async () => {
      await using own = await Sshd.start();
      await using folder = await tempFolder();
      await using ssh = await SshTransport.connect(own.address);
      const abort = new AbortController();
      const followed = new Collected(ssh.follow(folder.file('log'), { signal: abort.signal }));
      await writeFile(folder.file('log'), 'before\n');
      await followed.untilText('before\n');
      await own.stop();
      await sleep(300);
      abort.abort(new Error('enough'));
      assert.match(String(await within('the end', followed.ended, 2000)), /enough/);
    });

    it('notices a connection that has silently died, and goes on over a new one', async () => {
      await using proxy = await TcpProxy.to(sshd.port);
      await using folder = await tempFolder();
      const address = { ...sshd.address, port: proxy.port };
      await using ssh = await SshTransport.connect(address, { keepaliveMs: 100 });
      const abort = new AbortController();
      const followed = new Collected(ssh.follow(folder.file('log'), { signal: abort.signal }));
      await writeFile(folder.file('log'), 'before\n');
      await followed.untilText('before\n');
      proxy.stall();
      await appendFile(folder.file('log'), 'after\n');
      proxy.unstall();
      await followed.untilText('before\nafter\n');
      assert.ok(proxy.connections > 1, 'over a new connection');
      abort.abort();
      await followed.ended;
    });
  });

  describe('a break', () => {
    it('is told with its beginning and its end, and mended without anybody asking', async () => {
      await using own = await Sshd.start();
      await using ssh = await SshTransport.connect(own.address);
      const changes: boolean[] = [];
      ssh.reach.onChange(() => changes.push(ssh.reach.unreachableSince !== null));
      await own.stop();
      await until('the break', () => changes.length === 1 || undefined);
      const [since, now] = [ssh.reach.unreachableSince, new Date()];
      assert.ok(since && since <= now, `${since}`);
      await own.listen();
      await until('its end', () => changes.length === 2 || undefined);
      assert.deepEqual(changes, [true, false]);
    });

    it('makes those who come meanwhile wait, until the builder was welcomed and where it is now', async () => {
      await using first = await TcpProxy.to(sshd.port);
      await using second = await TcpProxy.to(sshd.port);
      const welcomed: string[] = [];
      let failures = 0;
      await using ssh = await SshTransport.connect(
        { ...sshd.address, port: first.port },
        {
          locate: async () => ({ host: '127.0.0.1', port: second.port }),
          welcome: async (builder) => {
            if (failures++ === 0) throw new Error('not yet');
            welcomed.push((await builder.run(['echo', 'welcome'])).stdout);
          },
        },
      );
      assert.equal((await ssh.run(['echo', '1'])).stdout, '1\n');
      assert.deepEqual(welcomed, []);
      first.cut();
      await until('the break', () => ssh.reach.unreachableSince ?? undefined);
      assert.equal((await within('the next', ssh.run(['echo', '2']))).stdout, '2\n');
      assert.deepEqual([welcomed, failures], [['welcome\n'], 2]);
      assert.equal(second.connections, 2);
    });

    it('is not what a slow line is, as long as bytes arrive', async () => {
      await using proxy = await TcpProxy.to(sshd.port);
      await using folder = await tempFolder();
      const address = { ...sshd.address, port: proxy.port };
      await using ssh = await SshTransport.connect(address, { keepaliveMs: 500 });
      const bytes = randomBytes(600_000);
      proxy.slowDown(100_000);
      await within('the slow put', ssh.put(folder.file('file'), bytes));
      assert.ok((await bytesOf(ssh.read(folder.file('file')))).equals(bytes));
      assert.equal(proxy.connections, 1);
    });
  });

  describe('put', () => {
    it('writes a file with exactly its bytes and its mode, over what was there', async () => {
      await using folder = await tempFolder();
      await using ssh = await SshTransport.connect(sshd.address);
      const target = folder.file("it's a file");
      const bytes = randomBytes(300_000);
      await writeFile(target, 'before', { mode: 0o777 });
      await ssh.put(target, bytes, { mode: 0o640 });
      assert.ok((await readFile(target)).equals(bytes));
      assert.equal((await stat(target)).mode & 0o7777, 0o640);
      await ssh.put(target, '');
      assert.equal((await stat(target)).size, 0);
      assert.equal((await stat(target)).mode & 0o7777, 0o600);
      assert.deepEqual(await folder.names(), ["it's a file"]);
    });

    it('rejects when the folder is missing, and puts nothing into a folder of that name', async () => {
      await using folder = await tempFolder();
      await using ssh = await SshTransport.connect(sshd.address);
      await fails(ssh.put(folder.file('nowhere', 'file'), 'x'), 'command-failed');
      await fails(ssh.put(folder.path, 'x'), 'command-failed');
      assert.deepEqual(await folder.names(), []);
    });

    it('leaves the old file whole when it is cut in the middle, and nothing else', async () => {
      await using folder = await tempFolder();
      await using proxy = await TcpProxy.to(sshd.port);
      const address = { ...sshd.address, port: proxy.port };
      await using ssh = await SshTransport.connect(address, { reconnectMs: 300 });
      await writeFile(folder.file('file'), 'old');
      const putting = ssh.put(folder.file('file'), randomBytes(20_000_000));
      putting.catch(() => {});
      await until('a part of it', async () => {
        const part = (await folder.names()).find((name) => name !== 'file');
        return part && (await stat(folder.file(part))).size > 0 ? true : undefined;
      });
      await proxy[Symbol.asyncDispose]();
      await assert.rejects(within('the end', putting));
      assert.equal(await readFile(folder.file('file'), 'utf8'), 'old');
      await until('a tidy folder', async () => ((await folder.names()).length === 1 ? true : undefined));
    });

    it('arrives although the connection is cut in the middle', async () => {
      await using folder = await tempFolder();
      await using ssh = await SshTransport.connect(sshd.address);
      const bytes = randomBytes(20_000_000);
      const putting = ssh.put(folder.file('file'), bytes);
      await until('a part of it', async () => ((await folder.names()).length > 0 ? true : undefined));
      await sshd.killConnections();
      await within('the put', putting);
      assert.ok((await readFile(folder.file('file'))).equals(bytes));
      await until('a tidy folder', async () => ((await folder.names()).length === 1 ? true : undefined));
    });

    it('leaves nothing behind when its signal aborts', async () => {
      await using folder = await tempFolder();
      await using ssh = await SshTransport.connect(sshd.address);
      const abort = new AbortController();
      const putting = ssh.put(folder.file('file'), randomBytes(50_000_000), { signal: abort.signal });
      putting.catch(() => {});
      await until('a part of it', async () => ((await folder.names()).length > 0 ? true : undefined));
      abort.abort(new Error('enough'));
      await assert.rejects(within('the end', putting), /enough/);
      await until('a tidy folder', async () => ((await folder.names()).length === 0 ? true : undefined));
    });
  });
});

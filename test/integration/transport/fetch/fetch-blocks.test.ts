import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { truncateSync } from 'node:fs';
import { open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CleanUp } from '../../../../src/clean-up.ts';
import { isDiskFull } from '../../../../src/errors.ts';
import { fetchFile, partialPaths } from '../../../../src/transport/fetch/fetch-file.ts';
import { SshTransport } from '../../../../src/transport/ssh-transport.ts';
import { fails } from '../../../fixtures/fails.ts';
import { largeFile, sha256OfFile } from '../../../fixtures/large-file.ts';
import { skipUnless, within } from '../../../fixtures/limits.ts';
import { mountSmallDisk, smallDiskMissing } from '../../../fixtures/small-disk.ts';
import { Sshd, sshdMissing } from '../../../fixtures/sshd.ts';
import { TcpProxy } from '../../../fixtures/tcp-proxy.ts';
import { tempFolder } from '../../../fixtures/temp-folder.ts';
import { until } from '../../../fixtures/watcher.ts';

const mebibyte = 1024 * 1024;

/** What connections and SSH's own packets may add. */
const overhead = 4 * mebibyte;

/** As much as can be on its way when a connection breaks. */
const onTheWay = 8 * 4 * mebibyte;

const program = new URL('../../../fixtures/fetch-process.ts', import.meta.url).pathname;

/** How many blocks the journal of a partial file names. */
async function journalled(target: string): Promise<number> {
  const text = await readFile(partialPaths(target).journal, 'utf8').catch(() => '');
  return text.split('\n').slice(1, -1).join(' ').split(' ').filter(Boolean).length;
}

describe('A large file fetched in blocks', () => {
  let sshd: Sshd;

  before(async function () {
    skipUnless(this, await sshdMissing());
    sshd = await Sshd.start();
  });
  after(async () => sshd?.[Symbol.asyncDispose]());

  async function setUp() {
    const cleanUp = new CleanUp();
    const folder = cleanUp.use(await tempFolder());
    const proxy = cleanUp.use(await TcpProxy.to(sshd.port));
    const address = { ...sshd.address, port: proxy.port };
    const ssh = cleanUp.use(await SshTransport.connect(address, { reconnectMs: 3000 }));
    const target = folder.file('copy');
    return {
      folder,
      proxy,
      address,
      ssh,
      target,
      [Symbol.asyncDispose]: () => cleanUp[Symbol.asyncDispose](),
    };
  }

  it('arrives whole, its last block too, and tells how far it is', async () => {
    await using given = await setUp();
    const file = await largeFile({ path: given.folder.file("it's a $(file)"), megabytes: 33 });
    const news: number[] = [];
    await fetchFile(given.ssh, file, given.target, { onProgress: (bytes) => news.push(bytes) });
    assert.equal(await sha256OfFile(given.target), file.sha256);
    assert.equal(news.at(-1), file.bytes);
    assert.deepEqual(
      news,
      [...news].sort((a, b) => a - b),
    );
    assert.deepEqual(await given.folder.names(), ['copy', "it's a $(file)"]);
    assert.ok(given.proxy.received < file.bytes + overhead, `${given.proxy.received} bytes were sent`);
  });

  it('arrives whole although keys are exchanged anew all the time', async () => {
    await using strict = await Sshd.start({ settings: ['RekeyLimit 4M', 'LogLevel DEBUG1'] });
    await using folder = await tempFolder();
    await using ssh = await SshTransport.connect(strict.address);
    const file = await largeFile({ path: folder.file('file'), megabytes: 96 });
    await fetchFile(ssh, file, folder.file('copy'));
    assert.equal(await sha256OfFile(folder.file('copy')), file.sha256);
    const exchanges = strict.log.match(/rekeying in progress|enqueue packet|set_newkeys: rekeying/g) ?? [];
    assert.ok(exchanges.length > 8, `${exchanges.length} exchanges: ${strict.log.slice(-2000)}`);
    assert.doesNotMatch(strict.log, /(mac|digest) mismatch|Connection corrupted/i);
  });

  it('is fetched on by another process when the first is killed, and what had arrived is not sent again', async () => {
    await using given = await setUp();
    const { proxy, address, target } = given;
    const file = await largeFile({ path: given.folder.file('file'), megabytes: 160 });
    const stalled = new Promise<void>((resolve) => {
      proxy.after(100 * mebibyte, () => {
        proxy.stall();
        resolve();
      });
    });
    const which = JSON.stringify({ address, file, target });
    const child = spawn(process.execPath, ['--import', 'tsx', program, which], { stdio: 'inherit' });
    const ended = once(child, 'exit');
    await within('the first 100 MiB', stalled);
    await until('the first blocks', async () => (await journalled(target)) > 0 || undefined);
    child.kill('SIGKILL');
    await within('the end of the process', ended);
    const kept = (await journalled(target)) * 4 * mebibyte;
    proxy.unstall();
    const before = proxy.received;
    await using ssh = await SshTransport.connect(address);
    await fetchFile(ssh, file, target);
    assert.equal(await sha256OfFile(target), file.sha256);
    const sent = proxy.received - before;
    assert.ok(sent < file.bytes - kept + overhead, `${sent} bytes were sent although ${kept} were there`);
    assert.deepEqual(await given.folder.names(), ['copy', 'file']);
  });

  it('goes on over new connections when all are cut, and only what was on its way is sent again', async () => {
    await using given = await setUp();
    const file = await largeFile({ path: given.folder.file('file'), megabytes: 96 });
    given.proxy.cutAfter(60 * mebibyte);
    await fetchFile(given.ssh, file, given.target);
    assert.equal(await sha256OfFile(given.target), file.sha256);
    const { received } = given.proxy;
    assert.ok(received < file.bytes + onTheWay + overhead, `${received} bytes were sent`);
  });

  it('is given up when the builder cannot be reached any more, and kept for another try', async () => {
    await using given = await setUp();
    const { proxy, ssh, target } = given;
    const file = await largeFile({ path: given.folder.file('file'), megabytes: 96 });
    proxy.after(70 * mebibyte, () => {
      proxy.redirect(1);
      proxy.cut();
    });
    const error = await fetchFile(ssh, file, target).catch((error: unknown) => error);
    assert.match(String(error), /connection/i);
    const kept = (await journalled(target)) * 4 * mebibyte;
    assert.ok(kept > 0, 'nothing was kept');
    proxy.redirect(sshd.port);
    const before = proxy.received;
    await fetchFile(ssh, file, target);
    assert.equal(await sha256OfFile(target), file.sha256);
    assert.ok(proxy.received - before < file.bytes - kept + overhead, 'what was kept was sent again');
  });

  it('ends with the reason of its signal, and is kept for another try', async () => {
    await using given = await setUp();
    const { proxy, ssh, target } = given;
    const file = await largeFile({ path: given.folder.file('file'), megabytes: 96 });
    const abort = new AbortController();
    proxy.after(70 * mebibyte, () => abort.abort(new Error('enough')));
    await assert.rejects(
      within('the abort', fetchFile(ssh, file, target, { signal: abort.signal })),
      /enough/,
    );
    await fetchFile(ssh, file, target);
    assert.equal(await sha256OfFile(target), file.sha256);
  });

  it('is refused, and nothing of it left, when it changed after it was hashed', async () => {
    await using given = await setUp();
    const file = await largeFile({ path: given.folder.file('file'), megabytes: 20 });
    await using changed = await open(file.path, 'r+');
    await changed.write('x', 5 * mebibyte);
    await fails(fetchFile(given.ssh, file, given.target), 'transfer-damaged', /with sha256/);
    assert.deepEqual(await given.folder.names(), ['file']);
  });

  it('is refused when it became shorter before the fetch, and in the middle of it', async () => {
    await using given = await setUp();
    const file = await largeFile({ path: given.folder.file('file'), megabytes: 96 });
    const longer = { ...file, bytes: file.bytes + 1 };
    await fails(fetchFile(given.ssh, longer, given.target), 'transfer-damaged', /has \d+ bytes by now/);
    given.proxy.after(20 * mebibyte, () => truncateSync(file.path, 0));
    await fails(fetchFile(given.ssh, file, given.target), 'transfer-damaged', /become shorter/);
  });

  it('fails with the builder’s own words when it is not there', async () => {
    await using given = await setUp();
    const file = { path: given.folder.file('nowhere'), bytes: 20 * mebibyte, sha256: '0'.repeat(64) };
    await fails(fetchFile(given.ssh, file, given.target), 'command-failed', /No such file/);
    assert.deepEqual(await given.folder.names(), []);
  });

  it('is fetched whole once more when what an earlier try left has been damaged', async () => {
    await using given = await setUp();
    const { proxy, ssh, target } = given;
    const file = await largeFile({ path: given.folder.file('file'), megabytes: 96 });
    const abort = new AbortController();
    proxy.after(80 * mebibyte, () => abort.abort(new Error('enough')));
    await assert.rejects(fetchFile(ssh, file, target, { signal: abort.signal }), /enough/);
    const { data, journal } = partialPaths(target);
    const block = Number((await readFile(journal, 'utf8')).split('\n')[1]?.split(' ')[0]);
    await using partial = await open(data, 'r+');
    await partial.write('damage', block * 4 * mebibyte);
    await fetchFile(ssh, file, target);
    assert.equal(await sha256OfFile(target), file.sha256);
  });

  it('does not go on with what is left of another file', async () => {
    await using given = await setUp();
    const file = await largeFile({ path: given.folder.file('file'), megabytes: 20 });
    const { data, journal } = partialPaths(given.target);
    await writeFile(data, Buffer.alloc(file.bytes));
    const other = { path: file.path, bytes: file.bytes, sha256: '0'.repeat(64), blockSize: 4 * mebibyte };
    await writeFile(journal, `${JSON.stringify(other)}\n0 1 2 3 4\n`);
    await fetchFile(given.ssh, file, given.target);
    assert.equal(await sha256OfFile(given.target), file.sha256);
  });

  it('does not have its holes sent, and keeps them', async () => {
    await using given = await setUp();
    const data = [
      { offset: 3, length: 2 },
      { offset: 50, length: 1 },
    ];
    const file = await largeFile({ path: given.folder.file('file'), megabytes: 400, data });
    await fetchFile(given.ssh, file, given.target);
    assert.equal(await sha256OfFile(given.target), file.sha256);
    assert.ok(given.proxy.received < 3 * mebibyte + overhead, `${given.proxy.received} bytes were sent`);
    assert.ok((await stat(given.target)).blocks * 512 < 20 * mebibyte, 'the copy has no holes');
  });

  it('that is one hole arrives without a byte of it sent', async () => {
    await using given = await setUp();
    const file = await largeFile({ path: given.folder.file('file'), megabytes: 64, data: [] });
    await fetchFile(given.ssh, file, given.target);
    assert.equal(await sha256OfFile(given.target), file.sha256);
  });

  it('fails with the reason when the disk here becomes full, and is gone on with when there is room again', async function () {
    skipUnless(this, await smallDiskMissing());
    await using given = await setUp();
    await using disk = await mountSmallDisk('60m');
    const file = await largeFile({ path: given.folder.file('file'), megabytes: 56 });
    const [filler, target] = [join(disk.path, 'filler'), join(disk.path, 'copy')];
    await writeFile(filler, Buffer.alloc(16 * mebibyte));
    const error = await fetchFile(given.ssh, file, target).catch((error: unknown) => error);
    assert.ok(isDiskFull(error), String(error));
    assert.ok((await journalled(target)) > 0, 'nothing was kept');
    await rm(filler);
    await fetchFile(given.ssh, file, target);
    assert.equal(await sha256OfFile(target), file.sha256);
  });
});

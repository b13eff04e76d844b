import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { fetchFile } from '../../../../src/transport/fetch/fetch-file.ts';
import type { RemoteFile } from '../../../../src/transport/fetch/remote-file.ts';
import { localTransport } from '../../../../src/transport/local-transport.ts';
import { SshTransport } from '../../../../src/transport/ssh-transport.ts';
import { fails } from '../../../fixtures/fails.ts';
import { skipUnless, within } from '../../../fixtures/limits.ts';
import { Sshd, sshdMissing } from '../../../fixtures/sshd.ts';
import { TcpProxy } from '../../../fixtures/tcp-proxy.ts';
import { tempFolder } from '../../../fixtures/temp-folder.ts';

const sha256Of = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

async function remoteFile(path: string, bytes: number): Promise<RemoteFile> {
  const content = randomBytes(bytes);
  await writeFile(path, content);
  return { path, bytes, sha256: sha256Of(content) };
}

describe('fetchFile over SSH', () => {
  let sshd: Sshd;

  before(async function () {
    skipUnless(this, await sshdMissing());
    sshd = await Sshd.start();
  });
  after(async () => sshd?.[Symbol.asyncDispose]());

  it('brings a file home whole, over what was there, and tells how far it is', async () => {
    await using folder = await tempFolder();
    await using ssh = await SshTransport.connect(sshd.address);
    const file = await remoteFile(folder.file('a file'), 5_000_000);
    await writeFile(folder.file('copy'), 'old');
    const news: number[] = [];
    await fetchFile(ssh, file, folder.file('copy'), { onProgress: (bytes) => news.push(bytes) });
    assert.equal(sha256Of(await readFile(folder.file('copy'))), file.sha256);
    assert.equal(news.at(-1), file.bytes);
    assert.deepEqual(
      news,
      [...news].sort((a, b) => a - b),
    );
    assert.deepEqual(await folder.names(), ['a file', 'copy']);
  });

  it('brings an empty file home, into a folder it makes', async () => {
    await using folder = await tempFolder();
    await using ssh = await SshTransport.connect(sshd.address);
    const file = await remoteFile(folder.file('empty'), 0);
    await fetchFile(ssh, file, folder.file('new', 'folder', 'copy'));
    assert.equal((await stat(folder.file('new', 'folder', 'copy'))).size, 0);
  });

  it('goes on where it was when the connection is killed in the middle, twice', async () => {
    await using proxy = await TcpProxy.to(sshd.port);
    await using folder = await tempFolder();
    await using ssh = await SshTransport.connect({ ...sshd.address, port: proxy.port });
    const file = await remoteFile(folder.file('file'), 15_000_000);
    let cuts = 0;
    proxy.cutAfter(4_000_000);
    await fetchFile(ssh, file, folder.file('copy'), {
      onProgress: (bytes) => {
        if (cuts > 0 || bytes < 10_000_000) return;
        cuts += 1;
        proxy.cut();
      },
    });
    assert.equal(sha256Of(await readFile(folder.file('copy'))), file.sha256);
    assert.equal(proxy.connections, 3, 'two connections were cut');
  });

  const damages = [
    { what: 'another sha256', change: { sha256: '0'.repeat(64) } },
    { what: 'fewer bytes than promised', change: { bytes: 1_000_001 } },
    { what: 'more bytes than promised', change: { bytes: 999_999 } },
  ];
  for (const { what, change } of damages) {
    it(`refuses a file with ${what} and leaves nothing of it`, async () => {
      await using folder = await tempFolder();
      await using ssh = await SshTransport.connect(sshd.address);
      const file = await remoteFile(folder.file('file'), 1_000_000);
      const fetching = fetchFile(ssh, { ...file, ...change }, folder.file('copy'));
      await fails(fetching, 'transfer-damaged', /should be .* bytes with sha256/);
      assert.deepEqual(await folder.names(), ['file']);
    });
  }

  it('leaves nothing of a file that is not there', async () => {
    await using folder = await tempFolder();
    await using ssh = await SshTransport.connect(sshd.address);
    const file = { path: folder.file('nowhere'), bytes: 1, sha256: '0'.repeat(64) };
    await fails(fetchFile(ssh, file, folder.file('copy')), 'command-failed', /No such file/);
    assert.deepEqual(await folder.names(), []);
  });

  it('ends with the reason of its signal and leaves nothing', async () => {
    await using folder = await tempFolder();
    await using ssh = await SshTransport.connect(sshd.address);
    const file = await remoteFile(folder.file('file'), 10_000_000);
    const abort = new AbortController();
    const fetching = fetchFile(ssh, file, folder.file('copy'), {
      signal: abort.signal,
      onProgress: (bytes) => bytes > 1_000_000 && abort.abort(new Error('enough')),
    });
    await assert.rejects(within('the abort', fetching), /enough/);
    assert.deepEqual(await folder.names(), ['file']);
  });
});

describe('fetchFile on this machine', () => {
  it('brings a file home whole and refuses a damaged one', async () => {
    await using folder = await tempFolder();
    const local = localTransport();
    const file = await remoteFile(folder.file('file'), 3_000_000);
    await fetchFile(local, file, folder.file('copy'));
    assert.equal(sha256Of(await readFile(folder.file('copy'))), file.sha256);
    const wrong = { ...file, sha256: '0'.repeat(64) };
    await fails(fetchFile(local, wrong, folder.file('other')), 'transfer-damaged');
    assert.deepEqual(await folder.names(), ['copy', 'file']);
  });
});

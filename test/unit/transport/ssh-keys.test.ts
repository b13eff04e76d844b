import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dataPaths } from '../../../src/paths.ts';
import { loadOrMakeKeys, makeKeyPair } from '../../../src/transport/ssh-keys.ts';
import { tempFolder } from '../../fixtures/temp-folder.ts';

describe('The keys of an installation', () => {
  it('are made once, kept, and readable only for their owner', async () => {
    await using folder = await tempFolder();
    const paths = dataPaths(folder.path);
    const made = await loadOrMakeKeys(paths);
    assert.deepEqual(await loadOrMakeKeys(paths), made);
    assert.notEqual(made.client.publicKey, made.host.publicKey);
    for (const file of [paths.clientKey, paths.hostKey]) assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await stat(folder.file('keys'))).mode & 0o777, 0o700);
  });

  it('are keys to OpenSSH', async function () {
    await using folder = await tempFolder();
    const paths = dataPaths(folder.path);
    const { client } = await loadOrMakeKeys(paths);
    let said: string;
    try {
      said = execFileSync('ssh-keygen', ['-y', '-f', paths.clientKey], { encoding: 'utf8' });
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT' && !process.env.CI)
        this.skip();
      throw error;
    }
    assert.equal(said.split(' ')[1]?.trim(), client.publicKey.split(' ')[1]?.trim());
  });

  // ssh2 makes one in 250 that is too short (https://github.com/mscdex/ssh2/issues/1390).
  it('are never too short', () => {
    for (let round = 0; round < 1500; round += 1) {
      const { publicKey } = makeKeyPair('test');
      assert.equal(Buffer.from(publicKey.split(' ')[1] ?? '', 'base64').length, 51, publicKey);
    }
  });
});

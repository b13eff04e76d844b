import assert from 'node:assert/strict';
import { stat, writeFile } from 'node:fs/promises';
import { loadOrMakeToken, readToken } from '../../src/token.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

describe('The token', () => {
  it('is made once, long, and readable only for its owner', async () => {
    await using folder = await tempFolder();
    assert.equal(await readToken(folder.file('token')), undefined);
    const token = await loadOrMakeToken(folder.file('token'));
    assert.match(token, /^[A-Za-z0-9_-]{43}$/);
    assert.equal(await loadOrMakeToken(folder.file('token')), token);
    assert.equal(await readToken(folder.file('token')), token);
    assert.equal((await stat(folder.file('token'))).mode & 0o777, 0o600);
  });

  it('is made anew when the file is empty', async () => {
    await using folder = await tempFolder();
    await writeFile(folder.file('token'), '\n');
    assert.match(await loadOrMakeToken(folder.file('token')), /./);
  });
});

import assert from 'node:assert/strict';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { writeFileAtomically } from '../../src/write-file-atomically.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

describe('writeFileAtomically', () => {
  it('replaces a file and leaves nothing else', async () => {
    await using folder = await tempFolder();
    await writeFileAtomically(folder.file('file'), 'one', 0o644);
    await writeFileAtomically(folder.file('file'), Buffer.from('two'));
    assert.equal(await readFile(folder.file('file'), 'utf8'), 'two');
    assert.equal((await stat(folder.file('file'))).mode & 0o777, 0o600);
    assert.deepEqual(await folder.names(), ['file']);
  });

  it('lets many write at once, and one of them wins whole', async () => {
    await using folder = await tempFolder();
    const texts = Array.from({ length: 20 }, (_, index) => String(index).repeat(10_000));
    await Promise.all(texts.map((text) => writeFileAtomically(folder.file('file'), text)));
    assert.ok(texts.includes(await readFile(folder.file('file'), 'utf8')));
    assert.deepEqual(await folder.names(), ['file']);
  });

  it('leaves nothing when it fails', async () => {
    await using folder = await tempFolder();
    await mkdir(folder.file('folder'));
    await assert.rejects(writeFileAtomically(folder.file('folder'), 'x'));
    await assert.rejects(writeFileAtomically(folder.file('no', 'file'), 'x'), /ENOENT/);
    assert.deepEqual(await folder.names(), ['folder']);
  });
});

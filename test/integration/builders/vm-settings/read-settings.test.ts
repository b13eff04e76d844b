import assert from 'node:assert/strict';
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { readSettings } from '../../../../src/builders/vm-settings/read-settings.ts';
import { fails } from '../../../fixtures/fails.ts';
import { tempFolder } from '../../../fixtures/temp-folder.ts';

describe('readSettings', () => {
  it('reads what is there, through links too', async () => {
    await using folder = await tempFolder();
    await mkdir(folder.file('ssh'));
    await writeFile(folder.file('nix.conf'), 'cores = 1\n');
    await writeFile(folder.file('key'), 'secret\n');
    await symlink('../key', folder.file('ssh', 'id'));
    const { files, unknown } = await readSettings(folder.path);
    assert.deepEqual(files, [
      { name: 'nix.conf', path: '/etc/nix/nexus.conf', content: Buffer.from('cores = 1\n') },
      { name: 'ssh/id', path: '/etc/nix/ssh/id', content: Buffer.from('secret\n') },
    ]);
    assert.deepEqual(unknown, ['key']);
  });

  it('is content with an empty folder', async () => {
    await using folder = await tempFolder();
    assert.deepEqual(await readSettings(folder.path), { files: [], unknown: [] });
  });

  it('names everything that is wrong at once, and no content', async () => {
    await using folder = await tempFolder();
    await mkdir(folder.file('machines'));
    await writeFile(folder.file('nix.conf'), 'access-tokens secret\n');
    await writeFile(folder.file('environment'), '');
    await truncate(folder.file('environment'), 1_000_000);
    await mkdir(folder.file('ssh'));
    await symlink('nowhere', folder.file('ssh', 'id'));
    const error = await fails(readSettings(folder.path), 'config-invalid');
    const lines = error.message.split('\n');
    assert.deepEqual(lines.slice(1, 4), [
      '  environment has 1000000 bytes, and 262144 is the most',
      '  machines is not a file',
      '  nix.conf line 1 is not of the form “name = value”',
    ]);
    assert.match(lines[4] ?? '', /^ {2}ssh\/id cannot be read: ENOENT/);
    assert.doesNotMatch(error.message, /secret/);
    assert.match(String(error.hint), /NEXUS_VM_SETTINGS/);
  });

  it('fails when there is no such folder, or ssh is no folder', async () => {
    await using folder = await tempFolder();
    await fails(readSettings(folder.file('missing')), 'config-invalid', /cannot be read: ENOENT/);
    await writeFile(folder.file('ssh'), '');
    await fails(readSettings(folder.path), 'config-invalid', /ENOTDIR/);
  });
});

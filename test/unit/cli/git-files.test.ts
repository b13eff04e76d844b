import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gitFiles } from '../../../src/cli/git-files.ts';
import { type TempFolder, tempFolder } from '../../fixtures/temp-folder.ts';

const run = promisify(execFile);

async function repository(): Promise<TempFolder> {
  const folder = await tempFolder();
  await run('git', ['-C', folder.path, 'init', '--quiet']);
  return folder;
}

const files = async (folder: string) => (await gitFiles(folder))?.sort();

describe('gitFiles', () => {
  it('gives what git has or would take, but not what it ignores or what was deleted', async () => {
    await using folder = await repository();
    await mkdir(folder.file('sub'));
    await mkdir(folder.file('node_modules'));
    const names = ['a\nb.nix', "it's $(x).nix", 'sub/ü.nix', 'gone.nix', 'node_modules/x', 'sub/secret.key'];
    for (const name of names) await writeFile(folder.file(name), '');
    await writeFile(folder.file('.gitignore'), 'node_modules/\n*.key\n');
    await run('git', ['-C', folder.path, 'add', 'gone.nix', 'sub']);
    await rm(folder.file('gone.nix'));
    const wanted = ['.gitignore', 'a\nb.nix', "it's $(x).nix", 'sub/ü.nix'];
    assert.deepEqual(await files(folder.path), wanted.sort());
    assert.deepEqual(await files(folder.file('sub')), ['ü.nix'], 'of a folder in it');
  });

  it('gives nothing outside of a repository, and for a folder that is ignored as a whole', async () => {
    await using plain = await tempFolder();
    await writeFile(plain.file('a.nix'), '');
    assert.equal(await gitFiles(plain.path), undefined);
    await using folder = await repository();
    await mkdir(folder.file('ignored'));
    await writeFile(folder.file('ignored', 'a.nix'), '');
    await writeFile(folder.file('.gitignore'), 'ignored\n');
    assert.equal(await gitFiles(folder.file('ignored')), undefined);
  });

  it('runs no program that a repository names', async () => {
    await using folder = await repository();
    const program = folder.file('.git', 'monitor');
    await writeFile(program, '#!/bin/sh\ntouch "$PWD/ran"\n');
    await chmod(program, 0o755);
    await run('git', ['-C', folder.path, 'config', 'core.fsmonitor', `'${program}'`]);
    await writeFile(folder.file('a.nix'), '');
    assert.deepEqual(await files(folder.path), ['a.nix']);
    // It would have run.
    await run('git', ['-C', folder.path, 'status']);
    assert.deepEqual(await files(folder.path), ['a.nix', 'ran']);
  });
});

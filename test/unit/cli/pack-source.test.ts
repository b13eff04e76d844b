import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { extract } from 'tar-stream';
import { packSource } from '../../../src/cli/pack-source.ts';
import { makeDataFolder } from '../../../src/data-folder.ts';
import { fails } from '../../fixtures/fails.ts';
import { tempFolder } from '../../fixtures/temp-folder.ts';

/** The entries of a tar stream: their names, and what they hold or point at. */
async function entriesOf(tar: Readable): Promise<Record<string, string>> {
  const entries: Record<string, string> = {};
  for await (const entry of tar.pipe(extract())) {
    const parts: Buffer[] = [];
    for await (const part of entry) parts.push(part as Buffer);
    const { name, type, linkname } = entry.header;
    if (type === 'file') entries[name] = Buffer.concat(parts).toString();
    if (type === 'symlink') entries[name] = `→ ${linkname}`;
  }
  return entries;
}

describe('packSource', () => {
  it('packs a folder with its links, but neither git’s data nor results of Nix', async () => {
    await using folder = await tempFolder();
    await mkdir(folder.file('.git'));
    await mkdir(folder.file('sub'));
    const files = { '.git/config': '', 'a b.nix': '1', 'sub/ü.nix': '2', result: '3', '.gitignore': '4' };
    for (const [name, text] of Object.entries(files)) await writeFile(folder.file(name), text);
    await symlink('../a b.nix', folder.file('sub', 'link'));
    await symlink('/nix/store/x', folder.file('result-2'));
    await symlink('a b.nix', folder.file('result-own'));
    const { tar } = await packSource({ folder: folder.path });
    assert.deepEqual(await entriesOf(tar), {
      ...{ 'a b.nix': '1', 'sub/ü.nix': '2', result: '3', '.gitignore': '4' },
      ...{ 'sub/link': '→ ../a b.nix', 'result-own': '→ a b.nix' },
    });
  });

  for (const isRepository of [false, true])
    it(`packs neither keys nor images of ours, ${isRepository ? 'in a repository' : 'wherever they lie'}`, async () => {
      await using folder = await tempFolder();
      if (isRepository) await promisify(execFile)('git', ['init', '-q', folder.path]);
      await makeDataFolder(folder.file('data'));
      const built = folder.file('artifacts', 'host-20260101-000000-0000');
      for (const path of [folder.file('data', 'builds'), built, folder.file('sub'), folder.file('kept')])
        await mkdir(path, { recursive: true });
      const files = {
        ...{ 'flake.nix': '1', 'data/token': 'secret', 'data/builds/x': 'secret' },
        ...{ 'sub/.gitignore': '*.qcow2\n', 'sub/manifest.json': '2', 'artifacts/note': '3' },
        ...{ 'kept/.gitignore': '*\n!*.nix\n!.gitignore\n', 'kept/host.nix': '4' },
      };
      for (const [name, text] of Object.entries(files)) await writeFile(folder.file(name), text);
      for (const name of ['SHA256SUMS', 'manifest.json', 'host.iso'])
        await writeFile(`${built}/${name}`, 'x');
      const { tar } = await packSource({ folder: folder.path });
      assert.deepEqual(await entriesOf(tar), {
        ...{ 'flake.nix': '1', 'artifacts/note': '3' },
        ...{ 'kept/.gitignore': '*\n!*.nix\n!.gitignore\n', 'kept/host.nix': '4' },
        ...{ 'sub/.gitignore': '*.qcow2\n', 'sub/manifest.json': '2' },
      });
    });

  it('packs one file of a folder, and extras from anywhere', async () => {
    await using folder = await tempFolder();
    await mkdir(folder.file('sub'));
    for (const name of ['one.nix', 'two.nix', 'sub/one.nix']) await writeFile(folder.file(name), name);
    const extras = [folder.file('two.nix'), folder.file('sub', 'one.nix')];
    const packed = await packSource({ folder: folder.path, only: 'one.nix', extras });
    assert.deepEqual(packed.extras, ['.nexus/0-two.nix', '.nexus/1-one.nix']);
    assert.deepEqual(await entriesOf(packed.tar), {
      'one.nix': 'one.nix',
      '.nexus/0-two.nix': 'two.nix',
      '.nexus/1-one.nix': 'sub/one.nix',
    });
    const alone = await packSource({ folder: undefined, extras });
    assert.deepEqual(Object.keys(await entriesOf(alone.tar)), alone.extras);
  });

  it('packs what a link to a folder leads to', async () => {
    await using folder = await tempFolder();
    await mkdir(folder.file('real'));
    await writeFile(folder.file('real', 'a.nix'), '1');
    await symlink('real', folder.file('link'));
    assert.deepEqual(await entriesOf((await packSource({ folder: folder.file('link') })).tar), {
      'a.nix': '1',
    });
  });

  it('says what cannot be read', async () => {
    await using folder = await tempFolder();
    await fails(packSource({ folder: folder.file('no') }), 'source-missing', /no cannot be read/);
    await fails(
      packSource({ folder: folder.path, extras: [folder.file('no')] }),
      'source-missing',
      /no cannot/,
    );
  });

  it('says when a file changes while it is packed', async () => {
    await using folder = await tempFolder();
    await writeFile(folder.file('large'), Buffer.alloc(20_000_000));
    const { tar } = await packSource({ folder: folder.path });
    const read = async () => {
      let bytes = 0;
      for await (const chunk of tar) {
        if (bytes === 0) await truncate(folder.file('large'), 10);
        bytes += chunk.length;
      }
    };
    await fails(read(), 'source-missing', /cannot be packed/);
  });
});

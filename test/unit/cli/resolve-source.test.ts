import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveSource, type What } from '../../../src/cli/resolve-source.ts';
import { fails } from '../../fixtures/fails.ts';
import { type TempFolder, tempFolder } from '../../fixtures/temp-folder.ts';

describe('resolveSource', () => {
  let folder: TempFolder;

  before(async () => {
    folder = await tempFolder();
    const files = [
      'config/configuration.nix',
      'config/other.nix',
      'default/default.nix',
      'both/configuration.nix',
      'both/default.nix',
      'flake/flake.nix',
      'flake/default.nix',
      'empty/README',
      '_ odd näme!/configuration.nix',
    ];
    for (const file of files) {
      await mkdir(join(folder.file(file), '..'), { recursive: true });
      await writeFile(folder.file(file), '');
    }
  });
  after(async () => folder?.[Symbol.asyncDispose]());

  const image = { wantsImage: true };
  const plain = { wantsImage: false };
  const attribute = { wantsImage: false, attribute: 'a.b' };
  const configuration = { kind: 'image', configuration: 'configuration.nix' } as const;

  const table: [path: string, options: typeof plain, name: string, only: string | undefined, what: What][] = [
    ['config', plain, 'config', undefined, configuration],
    ['config/', image, 'config', undefined, configuration],
    ['config/configuration.nix', plain, 'config', 'configuration.nix', configuration],
    ['config/other.nix', plain, 'other', 'other.nix', { kind: 'nix', file: 'other.nix' }],
    ['config/other.nix', image, 'other', 'other.nix', { kind: 'image', configuration: 'other.nix' }],
    ['default', plain, 'default', undefined, { kind: 'nix', file: 'default.nix' }],
    ['default/default.nix', plain, 'default', 'default.nix', { kind: 'nix', file: 'default.nix' }],
    ['both', plain, 'both', undefined, configuration],
    ['both', attribute, 'both', undefined, { kind: 'nix', file: 'default.nix' }],
    ['flake', plain, 'flake', undefined, { kind: 'flake-image' }],
    ['flake', attribute, 'flake', undefined, { kind: 'nix', file: 'default.nix' }],
    ['flake#x', plain, 'flake', undefined, { kind: 'flake', attribute: 'x' }],
    ['flake#x', image, 'flake', undefined, { kind: 'flake-image', host: 'x' }],
    ['flake#nixosConfigurations.x', plain, 'flake', undefined, { kind: 'flake-image', host: 'x' }],
    ['_ odd näme!', plain, 'odd-n-me-', undefined, configuration],
  ];
  for (const [path, options, name, only, what] of table) {
    it(`takes ${path} with ${JSON.stringify(options)} for ${JSON.stringify(what)}`, async () => {
      const resolved = await resolveSource(folder.file(path), options);
      assert.deepEqual([resolved.name, resolved.only, resolved.what], [name, only, what]);
      assert.equal(resolved.folder?.startsWith(folder.path), true);
    });
  }

  it('leaves a remote flake to the builder', async () => {
    const resolved = await resolveSource('github:owner/repository/main#image', plain);
    assert.deepEqual(resolved, {
      folder: undefined,
      only: undefined,
      name: 'owner-repository-main',
      what: { kind: 'flake', flake: 'github:owner/repository/main', attribute: 'image' },
    });
  });

  it('says what is missing', async () => {
    await fails(resolveSource(folder.file('nowhere'), plain), 'source-missing', /nowhere cannot be read/);
    await fails(
      resolveSource(folder.file('empty'), plain),
      'source-without-configuration',
      /no configuration\.nix/,
    );
    await fails(resolveSource(folder.file('default'), image), 'source-without-configuration');
    await fails(
      resolveSource(folder.file('config'), attribute),
      'source-without-configuration',
      /default\.nix/,
    );
    await fails(resolveSource(folder.file('config/other.nix#x'), plain), 'usage', /no folder/);
    await fails(resolveSource('.', { wantsImage: true, attribute: 'a' }), 'usage', /exclude/);
  });
});

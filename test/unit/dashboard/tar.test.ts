import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { asSource, commonFolder } from '../../../src/dashboard/source/source-files.ts';
import { type SourceFile, tarOf } from '../../../src/dashboard/source/tar.ts';

/** What a reader of tar archives finds in one of ours. */
async function unpacked(files: Record<string, string>): Promise<Record<string, string>> {
  const tar = tarOf(Object.entries(files).map(([path, content]) => ({ path, content: new Blob([content]) })));
  const reader = Readable.from([Buffer.from(await tar.arrayBuffer())]).pipe(extract());
  const found: Record<string, string> = {};
  for await (const entry of reader) found[entry.header.name] = await text(entry);
  return found;
}

describe('The archive of a source', () => {
  const cases: [what: string, files: Record<string, string>][] = [
    ['nothing', {}],
    ['an empty file', { a: '' }],
    [
      'folders and sizes around a block',
      { 'a/b': 'x'.repeat(511), 'a/c': 'x'.repeat(512), d: 'x'.repeat(513) },
    ],
    ['names that are not ASCII', { 'gerät/ünix.nix': 'ü' }],
    ['long paths', { [`${'folder/'.repeat(20)}file.nix`]: 'deep', [`${'ü'.repeat(90)}.nix`]: 'long' }],
    [
      'paths of every length around the limit',
      Object.fromEntries([95, 98, 99, 100, 101, 102, 988, 990].map((length) => ['p'.repeat(length), 'x'])),
    ],
  ];
  for (const [what, files] of cases) {
    it(`holds ${what}`, async () => assert.deepEqual(await unpacked(files), files));
  }
});

describe('Dropped files', () => {
  const file = (path: string): SourceFile => ({ path, content: new Blob([]) });
  const pathsOf = (...paths: string[]) => asSource(paths.map(file)).map(({ path }) => path);

  it('are the source themselves when they are one folder', () => {
    assert.deepEqual(pathsOf('host/flake.nix', 'host/modules/a.nix'), ['flake.nix', 'modules/a.nix']);
    assert.equal(commonFolder(['host/flake.nix', 'host/modules/a.nix']), 'host');
  });

  it('keep their places when they are several', () => {
    assert.deepEqual(pathsOf('configuration.nix', 'modules/a.nix'), ['configuration.nix', 'modules/a.nix']);
    assert.equal(commonFolder(['configuration.nix']), undefined);
    assert.equal(commonFolder([]), undefined);
  });

  it('come without what git keeps for itself', () => {
    assert.deepEqual(pathsOf('host/.git/config', 'host/flake.nix', 'host/.gitignore'), [
      'flake.nix',
      '.gitignore',
    ]);
  });
});

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { safeNames } from '../../../src/artifacts/deliver.ts';
import { buildIdPattern } from '../../../src/bridge/messages.ts';
import { planBuild } from '../../../src/builds/plan.ts';
import { parseRequest } from '../../../src/builds/request.ts';
import { safeName } from '../../../src/cli/resolve-source.ts';
import { tempFolder } from '../../fixtures/temp-folder.ts';
import { check } from './check.ts';
import { hostileText, hostileWords, isPlainText } from './hostile.ts';

const run = promisify(execFile);

describe('The names of artifacts', () => {
  it('are plain and distinct on every file system, whatever the builder calls them', async () => {
    const names = fc.array(
      fc.oneof(hostileText, fc.constantFrom('a.iso', 'A.iso', '2-a.iso', 'manifest.json')),
      { maxLength: 12 },
    );
    await check(300, names, checkNames, [
      hostileWords,
      ['image.iso', 'Image.iso', 'IMAGE.ISO', '2-image.iso', '2-IMAGE.iso'],
      ['sha256sums', 'Manifest.JSON', 'SHA256SUMS', 'manifest.json'],
      Array.from({ length: 300 }, () => 'x'.repeat(300)),
    ]);
  });
});

function checkNames(wanted: readonly string[]): void {
  const names = safeNames(wanted);
  assert.equal(names.length, wanted.length);
  for (const name of names) assert.match(name, /^[A-Za-z0-9_+][A-Za-z0-9._+-]{0,239}$/);
  // macOS and Windows take names that differ in case only for the same.
  const taken = ['sha256sums', 'manifest.json', ...names.map((name) => name.toLowerCase())];
  assert.equal(new Set(taken).size, taken.length, `not distinct: ${taken}`);
}

describe('The name of a build', () => {
  it('is one that a request may have, whatever the folder is called', async () => {
    await check(
      300,
      hostileText,
      (folder) => {
        parseRequest({ kind: 'script', name: safeName(folder), script: 'true' });
      },
      hostileWords,
    );
  });
});

describe('The id of a build', () => {
  it('is nothing that has to be quoted anywhere', async () => {
    await check(
      500,
      hostileText,
      (id) => {
        if (buildIdPattern.test(id)) assert.match(id, /^[a-z0-9-]+$/);
      },
      [...hostileWords, 'a\n', 'a\r\n'],
    );
  });
});

describe('A flake', () => {
  it('is found in a folder of any name', async () => {
    await using root = await tempFolder();
    const plan = planBuild(
      parseRequest({ kind: 'flake-image', name: 'x', source: '0'.repeat(64), variants: ['iso'] }),
      { nixpkgs: '/nixpkgs', system: 'x86_64-linux' },
    );
    const images = plan.kind === 'images' ? (plan.files['images.nix'] ?? '') : '';
    const location = /getFlake (\(.*\));$/m.exec(images)?.[1];
    assert.ok(location, images);
    let folders = 0;
    const name = hostileText.filter(
      (text) => isPlainText(text) && !text.includes('/') && text.length < 60 && !/^\.?\.?$/.test(text),
    );
    await check(
      10,
      name,
      async (text) => {
        folders += 1;
        const folder = root.file(`${folders}${text}`);
        await mkdir(`${folder}/source`, { recursive: true });
        await writeFile(`${folder}/source/flake.nix`, '{ outputs = _: { found = 42; }; }');
        await writeFile(`${folder}/x.nix`, `(builtins.getFlake ${location}).found`);
        const { stdout } = await run(
          'nix-instantiate',
          ['--eval', '--read-write-mode', '--extra-experimental-features', 'nix-command flakes', './x.nix'],
          { cwd: folder },
        );
        assert.equal(stdout.trim(), '42');
      },
      ['a b', 'jürgen', 'a%20b', 'a#b', 'a?b', 'a"b', '[a]{b}', 'a\nb', 'a:b', 'a+b@c'],
    );
  });
});

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chown, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { deliver, safeNames } from '../../../src/artifacts/deliver.ts';
import { localTransport } from '../../../src/transport/local-transport.ts';
import { fails } from '../../fixtures/fails.ts';
import { type TempFolder, tempFolder } from '../../fixtures/temp-folder.ts';

describe('safeNames', () => {
  const table: [names: string[], safe: string[]][] = [
    [['nixos.iso'], ['nixos.iso']],
    [
      ['a', 'a', 'a'],
      ['a', '2-a', '3-a'],
    ],
    [
      ['a', '2-a', 'a'],
      ['a', '2-a', '3-a'],
    ],
    [
      ['SHA256SUMS', 'manifest.json'],
      ['2-SHA256SUMS', '2-manifest.json'],
    ],
    [
      ['..', '.', '', '/', '-'],
      ['artifact', '2-artifact', '3-artifact', '4-artifact', '5-artifact'],
    ],
    [
      ['../../etc/passwd', '/abs'],
      ['passwd', 'abs'],
    ],
    [
      ['.hidden', '-rf', '--', '.-.x'],
      ['hidden', 'rf', 'artifact', 'x'],
    ],
    [
      ['a b', 'ü', 'a\nb', '$(id)', 'a\0b', 'C:\\x'],
      ['a_b', '_', 'a_b', '__id_', '2-a_b', 'C__x'],
    ],
    [[`${'x'.repeat(300)}.iso`], ['x'.repeat(200)]],
    [[], []],
  ];
  for (const [names, safe] of table) {
    it(`makes ${JSON.stringify(safe).slice(0, 60)} of ${JSON.stringify(names).slice(0, 60)}`, () => {
      const given = safeNames(names);
      // Which of two that look alike gets the number does not matter, only that they differ.
      if (new Set(safe).size === safe.length) assert.deepEqual(given, safe);
      assert.equal(new Set(given).size, names.length, 'none is there twice');
      for (const name of given) assert.match(name, /^[A-Za-z0-9_+][A-Za-z0-9._+-]*$/);
    });
  }
});

async function remote(folder: TempFolder, name: string, content: string) {
  const path = folder.file(name);
  await writeFile(path, content);
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { path, name, bytes: content.length, sha256 };
}

describe('deliver', () => {
  it('makes the folder at once, with everything in it', async () => {
    await using folder = await tempFolder();
    const files = [await remote(folder, 'one', 'eins'), await remote(folder, 'two', 'zwei')];
    const news: number[] = [];
    const delivered = await deliver({
      transport: localTransport(),
      files,
      folder: folder.file('artifacts', 'out'),
      manifest: { build: 'id' },
      onProgress: (bytes) => news.push(bytes),
    });
    assert.deepEqual(
      delivered.map(({ path }) => path),
      [folder.file('artifacts', 'out', 'one'), folder.file('artifacts', 'out', 'two')],
    );
    assert.equal(await readFile(folder.file('artifacts', 'out', 'two'), 'utf8'), 'zwei');
    assert.equal(
      await readFile(folder.file('artifacts', 'out', 'SHA256SUMS'), 'utf8'),
      files.map(({ sha256, name }) => `${sha256}  ${name}\n`).join(''),
    );
    const manifest = JSON.parse(await readFile(folder.file('artifacts', 'out', 'manifest.json'), 'utf8'));
    assert.equal(manifest.build, 'id');
    assert.deepEqual(
      manifest.artifacts,
      files.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })),
    );
    assert.deepEqual(news, [4, 8]);
  });

  it('leaves nothing when one of them is damaged', async () => {
    await using folder = await tempFolder();
    const [good, bad] = [await remote(folder, 'good', 'x'), await remote(folder, 'bad', 'y')];
    await mkdir(folder.file('artifacts'));
    const delivering = deliver({
      transport: localTransport(),
      files: [good, { ...bad, sha256: '0'.repeat(64) }],
      folder: folder.file('artifacts', 'out'),
      manifest: {},
    });
    await fails(delivering, 'transfer-damaged');
    assert.deepEqual(await readdir(folder.file('artifacts')), []);
  });

  it('gives the files to the owner of the folder they are put into', async function () {
    if (process.getuid?.() !== 0) this.skip();
    await using folder = await tempFolder();
    await mkdir(folder.file('artifacts'));
    await chown(folder.file('artifacts'), 1234, 5678);
    const files = [await remote(folder, 'one', 'eins')];
    const out = folder.file('artifacts', 'out');
    await deliver({ transport: localTransport(), files, folder: out, manifest: {} });
    for (const name of ['.', 'one', 'SHA256SUMS', 'manifest.json']) {
      const { uid, gid } = await stat(folder.file('artifacts', 'out', name));
      assert.deepEqual([uid, gid], [1234, 5678], name);
    }
  });
});

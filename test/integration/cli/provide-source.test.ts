import assert from 'node:assert/strict';
import { mkdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { packSource } from '../../../src/cli/pack-source.ts';
import { provideSource } from '../../../src/cli/provide-source.ts';
import { dataPaths } from '../../../src/paths.ts';
import { TestOrchestrator } from '../../fixtures/orchestrator.ts';
import { type TempFolder, tempFolder } from '../../fixtures/temp-folder.ts';

/** The file system's own time has to pass: nothing that has just changed has a fingerprint. */
const settle = () => sleep(2100);

async function source(folder: TempFolder): Promise<string> {
  const path = folder.file('source');
  await mkdir(`${path}/sub`, { recursive: true });
  await writeFile(`${path}/default.nix`, '1');
  await writeFile(`${path}/sub/other.nix`, '2');
  await symlink('default.nix', `${path}/link`);
  return path;
}

const fingerprintOf = async (folder: string, extras: string[] = []) =>
  (await packSource({ folder, extras })).fingerprint();

describe('The fingerprint of a source', () => {
  it('stays while nothing changes, and changes with whatever does, also when its time is set back', async () => {
    await using folder = await tempFolder();
    const path = await source(folder);
    await writeFile(folder.file('extra'), 'e');
    assert.equal(await fingerprintOf(path), undefined, 'it has only just been written');
    await settle();
    const extras = [folder.file('extra')];
    const before = await fingerprintOf(path, extras);
    assert.match(before ?? '', /^[0-9a-f]{64}$/);
    assert.equal(await fingerprintOf(path, extras), before);
    assert.notEqual(await fingerprintOf(path), before);
    const past = new Date(Date.now() - 60_000);
    await writeFile(`${path}/sub/other.nix`, '3');
    await utimes(`${path}/sub/other.nix`, past, past);
    await writeFile(folder.file('extra'), 'f');
    await settle();
    const changed = await fingerprintOf(path, extras);
    assert.notEqual(changed, before);
    await rm(`${path}/link`);
    await settle();
    const without = await fingerprintOf(path, extras);
    assert.notEqual(without, changed);
    assert.notEqual(without, undefined);
  });

  it('does not heed what is not packed', async () => {
    await using folder = await tempFolder();
    const path = await source(folder);
    await mkdir(`${path}/.git`);
    await settle();
    const before = await fingerprintOf(path);
    await writeFile(`${path}/.git/index`, 'x');
    assert.equal(await fingerprintOf(path), before);
  });
});

describe('A source that is given again', () => {
  it('is not sent again, until it changes or is no longer there', async () => {
    await using nexus = await TestOrchestrator.start();
    await using folder = await tempFolder();
    const path = await source(folder);
    await settle();
    let packed = 0;
    const provide = async () => {
      const source = await packSource({ folder: path });
      const counted = {
        extras: source.extras,
        fingerprint: () => source.fingerprint(),
        get tar() {
          packed += 1;
          return source.tar;
        },
      };
      return provideSource(nexus.client, counted);
    };
    const id = await provide();
    assert.deepEqual([await provide(), packed], [id, 1]);
    await writeFile(`${path}/default.nix`, 'other');
    const other = await provide();
    assert.deepEqual([other === id, packed], [false, 2]);
    await rm(dataPaths(nexus.folder.file('data')).sources, { recursive: true });
    await settle();
    assert.deepEqual([await provide(), packed], [other, 3]);
  });
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { open } from 'node:fs/promises';
import { type Extent, readSparseMap, splitData } from '../../../../src/transport/fetch/extents.ts';
import { tempFolder } from '../../../fixtures/temp-folder.ts';

const extent = (offset: number, length: number): Extent => ({ offset, length });

describe('splitData', () => {
  const places = [extent(0, 100), extent(100, 100), extent(200, 50)];
  const table: [what: string, extents: Extent[], data: Extent[][]][] = [
    ['all of it', [extent(0, 250)], places.map((place) => [place])],
    ['none', [], [[], [], []]],
    ['an extent over a border', [extent(90, 20)], [[extent(90, 10)], [extent(100, 10)], []]],
    ['a hole that is worth it', [extent(0, 10), extent(50, 10)], [[extent(0, 10), extent(50, 10)], [], []]],
    ['a hole that is not', [extent(0, 10), extent(15, 10)], [[extent(0, 25)], [], []]],
    [
      'several in several',
      [extent(5, 1), extent(105, 1), extent(205, 45)],
      [[extent(5, 1)], [extent(105, 1)], [extent(205, 45)]],
    ],
  ];
  for (const [what, extents, data] of table) {
    it(`finds the data of each place: ${what}`, () => {
      assert.deepEqual(splitData(extents, places, 10), data);
    });
  }
});

describe('readSparseMap', () => {
  it('reads what GNU tar says, also when only its beginning is there', async () => {
    await using folder = await tempFolder();
    const size = 40 * 1024 * 1024;
    const data = Array.from({ length: 300 }, (_, index) => extent(index * 128 * 1024, 4096));
    {
      await using file = await open(folder.file('ü file'), 'w');
      for (const { offset, length } of data) await file.write(Buffer.alloc(length, 'x'), 0, length, offset);
      await file.truncate(size);
    }
    const command = ['-c', '-P', '--format=posix', '--sparse', '--hole-detection=seek', '-f', '-', '--'];
    const archive = execFileSync('tar', [...command, folder.file('ü file')], { maxBuffer: size });
    assert.deepEqual(readSparseMap(archive, size), data);
    const cut = readSparseMap(archive.subarray(0, 4096), size) ?? [];
    assert.deepEqual(cut.slice(0, -1), data.slice(0, cut.length - 1));
    const last = cut.at(-1);
    assert.equal(last && last.offset + last.length, size, 'what is not known counts as data');
  });

  it('finds none in an archive without one', async () => {
    assert.equal(readSparseMap(Buffer.alloc(10_240), 5), undefined);
    assert.equal(readSparseMap(Buffer.alloc(0), 5), undefined);
  });
});

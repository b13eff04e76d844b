import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { joinAdjacent } from '../../../../src/transport/fetch/extents.ts';
import { RunWriter } from '../../../../src/transport/fetch/run-writer.ts';
import { tempFolder } from '../../../fixtures/temp-folder.ts';

describe('joinAdjacent', () => {
  it('joins what touches, and nothing else', () => {
    const extents = [
      { offset: 0, length: 4 },
      { offset: 4, length: 4 },
      { offset: 9, length: 1 },
      { offset: 10, length: 2 },
    ];
    assert.deepEqual(joinAdjacent(extents), [
      { offset: 0, length: 8 },
      { offset: 9, length: 3 },
    ]);
    assert.equal(extents[0]?.length, 4, 'and changes nothing that it was given');
    assert.deepEqual(joinAdjacent([]), []);
  });
});

describe('A RunWriter', () => {
  const blockBytes = 700_000;
  // The second block has a hole in it, and the third one is elsewhere.
  const blocks = [
    { block: 7, data: [{ offset: 0, length: blockBytes }] },
    {
      block: 8,
      data: [
        { offset: blockBytes, length: 100 },
        { offset: blockBytes + 5000, length: 300_000 },
      ],
    },
    { block: 11, data: [{ offset: 4 * blockBytes, length: 1 }] },
  ];

  it('writes what comes to its places, however it is cut, and tells of every block when it is whole', async () => {
    await using folder = await tempFolder();
    const content = Buffer.alloc(4 * blockBytes + 1);
    const stream = blocks.flatMap(({ data }) =>
      data.map(({ offset, length }) => ({ offset, bytes: randomBytes(length) })),
    );
    for (const { offset, bytes } of stream) bytes.copy(content, offset);
    const arriving = Buffer.concat(stream.map(({ bytes }) => bytes));
    writeFileSync(folder.file('file'), '');
    const file = openSync(folder.file('file'), 'r+');
    try {
      const told: number[] = [];
      const writer = new RunWriter(file, (block) => {
        const place = blocks.find((each) => each.block === block)?.data.at(-1);
        const end = (place?.offset ?? 0) + (place?.length ?? 0);
        assert.deepEqual(readFileSync(folder.file('file')).subarray(0, end), content.subarray(0, end));
        told.push(block);
      });
      for (const { block, data } of blocks) writer.expect(block, data);
      for (let at = 0; at < arriving.length; ) {
        const bytes = Buffer.from(arriving.subarray(at, at + randomInt(1, 400_000)));
        writer.take(bytes);
        at += bytes.length;
        // It keeps nothing of what it was given.
        bytes.fill(0);
      }
      assert.deepEqual(told, [7, 8, 11]);
      assert.throws(() => writer.take(Buffer.of(1)), /more has arrived/);
    } finally {
      closeSync(file);
    }
  });
});

import assert from 'node:assert/strict';
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { OrderedHash } from '../../../../src/transport/fetch/ordered-hash.ts';
import { within } from '../../../fixtures/limits.ts';
import { tempFolder } from '../../../fixtures/temp-folder.ts';

const blockBytes = 1000;
const blocks = 60;

describe('OrderedHash', () => {
  it('hashes blocks that come in any order, from memory or from the file, and gives every slot back', async () => {
    await using folder = await tempFolder();
    const content = randomBytes(blocks * blockBytes - 7);
    await writeFile(folder.file('file'), content);
    const places = Array.from({ length: blocks }, (_, index) => ({
      offset: index * blockBytes,
      length: Math.min(blockBytes, content.length - index * blockBytes),
    }));
    const ring = new SharedArrayBuffer(blocks * blockBytes);
    const freed: number[] = [];
    const onFree = (slot: number) => void freed.push(slot);
    await using hash = new OrderedHash({ ring, target: folder.file('file'), places, onFree });
    const order = places.map((_, block) => block);
    for (let left = order.length; left > 1; left -= 1) {
      const other = randomInt(left);
      [order[left - 1], order[other]] = [order[other] ?? 0, order[left - 1] ?? 0];
    }
    const lent: number[] = [];
    for (const block of order) {
      const slot = block * blockBytes;
      const inMemory = randomInt(2) === 0;
      if (inMemory) {
        new Uint8Array(ring).set(content.subarray(slot, slot + blockBytes), slot);
        lent.push(slot);
      }
      hash.add(block, inMemory ? slot : undefined);
    }
    const expected = createHash('sha256').update(content).digest('hex');
    assert.equal(await within('the digest', hash.sha256), expected, `order ${order}`);
    assert.deepEqual(
      freed.sort((a, b) => a - b),
      lent.sort((a, b) => a - b),
    );
  });
});

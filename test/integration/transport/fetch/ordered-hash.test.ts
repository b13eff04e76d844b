import assert from 'node:assert/strict';
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { OrderedHash } from '../../../../src/transport/fetch/ordered-hash.ts';
import { within } from '../../../fixtures/limits.ts';
import { tempFolder } from '../../../fixtures/temp-folder.ts';

const blockBytes = 1000;
const blocks = 60;

describe('OrderedHash', () => {
  it('hashes blocks that come in any order', async () => {
    await using folder = await tempFolder();
    const content = randomBytes(blocks * blockBytes - 7);
    await writeFile(folder.file('file'), content);
    const places = Array.from({ length: blocks }, (_, index) => ({
      offset: index * blockBytes,
      length: Math.min(blockBytes, content.length - index * blockBytes),
    }));
    await using hash = new OrderedHash({ target: folder.file('file'), places });
    const order = places.map((_, block) => block);
    for (let left = order.length; left > 1; left -= 1) {
      const other = randomInt(left);
      [order[left - 1], order[other]] = [order[other] ?? 0, order[left - 1] ?? 0];
    }
    for (const block of order) hash.add(block);
    const expected = createHash('sha256').update(content).digest('hex');
    assert.equal(await within('the digest', hash.sha256), expected, `order ${order}`);
  });
});

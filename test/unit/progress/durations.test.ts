import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { Durations } from '../../../src/progress/durations.ts';
import { keptLog } from '../../fixtures/kept-log.ts';
import { tempFolder } from '../../fixtures/temp-folder.ts';

describe('Durations', () => {
  it('keeps the last times of each name, over a restart', async () => {
    await using folder = await tempFolder();
    const path = folder.file('durations.json');
    const durations = await Durations.open(path, keptLog().logger);
    assert.deepEqual(durations.of('kernel'), []);
    for (let seconds = 1; seconds <= 12; seconds += 1) await durations.add([{ name: 'kernel', seconds }]);
    await Promise.all([1, 2].map((seconds) => durations.add([{ name: `image-${seconds}`, seconds }])));
    const again = await Durations.open(path, keptLog().logger);
    assert.deepEqual(again.of('kernel'), [4, 5, 6, 7, 8, 9, 10, 11, 12]);
    assert.deepEqual([again.of('image-1'), again.of('image-2')], [[1], [2]]);
    assert.deepEqual(await folder.names(), ['durations.json']);
  });

  it('forgets what was not built for the longest time', async () => {
    await using folder = await tempFolder();
    const durations = await Durations.open(folder.file('durations.json'), keptLog().logger);
    await durations.add([
      { name: 'first', seconds: 1 },
      { name: 'second', seconds: 1 },
    ]);
    await durations.add([{ name: 'first', seconds: 2 }]);
    await durations.add(Array.from({ length: 4999 }, (_, index) => ({ name: `n${index}`, seconds: 1 })));
    assert.deepEqual([durations.of('first'), durations.of('second')], [[1, 2], []]);
  });

  it('sets a damaged file aside, and says so', async () => {
    await using folder = await tempFolder();
    const path = folder.file('durations.json');
    await writeFile(path, '{"kernel": "long"}');
    const log = keptLog();
    const durations = await Durations.open(path, log.logger);
    assert.deepEqual(durations.of('kernel'), []);
    assert.match(log.text(), /Damaged durations/);
    await durations.add([{ name: 'kernel', seconds: 3 }]);
    assert.equal(await readFile(path, 'utf8'), '{"kernel":[3]}');
    assert.deepEqual(await folder.names(), ['durations.json', 'durations.json.damaged']);
  });
});

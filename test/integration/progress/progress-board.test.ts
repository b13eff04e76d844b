import assert from 'node:assert/strict';
import { appendFile, writeFile } from 'node:fs/promises';
import { Durations } from '../../../src/progress/durations.ts';
import { ProgressBoard } from '../../../src/progress/progress-board.ts';
import type { Progress } from '../../../src/progress/schema.ts';
import { keptLog } from '../../fixtures/kept-log.ts';
import { recordedLog, untilLine } from '../../fixtures/nix-logs.ts';
import { type TempFolder, tempFolder } from '../../fixtures/temp-folder.ts';
import { until } from '../../fixtures/watcher.ts';

const building = { id: 'a', state: 'building', phase: 'building iso', logStart: 0 };

async function makeBoard(folder: TempFolder) {
  const { logger } = keptLog();
  const durations = await Durations.open(folder.file('durations.json'), logger);
  return { durations, board: new ProgressBoard({ logOf: (id) => folder.file(id), durations, logger }) };
}

describe('The progress board', () => {
  const log = recordedLog('image');
  const half = untilLine(log, 'file2.o');

  /** Waits until the board has read so much. */
  const seen = (board: ProgressBoard, what: (progress: Progress) => boolean) =>
    until('the progress', () => {
      const progress = board.of('a');
      return progress && what(progress) ? progress : undefined;
    });

  it('follows the log of a build while it runs, and learns how long its derivations take', async () => {
    await using folder = await tempFolder();
    const { board, durations } = await makeBoard(folder);
    board.update({ ...building, state: 'preparing' });
    assert.equal(board.of('a'), undefined);
    board.update(building);
    assert.equal(board.of('a')?.stage, 'building');
    await writeFile(folder.file('a'), half);
    await seen(board, ({ derivations }) => derivations.running === 2);
    // The end is written and told at once, before it can have been followed.
    await appendFile(folder.file('a'), log.slice(half.length));
    board.update({ ...building, state: 'collecting' });
    assert.equal(board.of('a'), undefined);
    await until('durations', () => durations.of('nixos-disk-image').length === 1 || undefined);
    assert.equal(durations.of('etc').length, 1);
    board.close();
  });

  it('takes up a build that has run for a while, and learns no times that it did not see', async () => {
    await using folder = await tempFolder();
    await writeFile(folder.file('a'), half);
    const { board, durations } = await makeBoard(folder);
    board.update(building);
    const { running } = await seen(board, ({ derivations }) => derivations.running === 2);
    assert.deepEqual(
      running.map(({ seconds }) => seconds),
      [null, null],
    );
    await appendFile(folder.file('a'), log.slice(half.length));
    await seen(board, ({ derivations }) => derivations.done === 3);
    board.update({ ...building, state: 'succeeded' });
    await until('durations', () => durations.of('nixos-disk-image').length === 1 || undefined);
    assert.deepEqual(durations.of('kernel-6.12'), []);
    board.close();
  });

  it('begins anew with another attempt, whatever the one before has left undone', async () => {
    await using folder = await tempFolder();
    await writeFile(folder.file('a'), half);
    const { board } = await makeBoard(folder);
    board.update(building);
    await seen(board, ({ derivations }) => derivations.running === 2);
    await appendFile(folder.file('a'), untilLine(log, "building '/nix/store/94yvm"));
    board.update({ ...building, logStart: Buffer.byteLength(half) });
    const { running } = await seen(board, ({ derivations }) => derivations.running > 0);
    assert.deepEqual(
      running.map(({ name }) => name),
      ['etc'],
    );
    board.close();
  });

  it('learns nothing from a build that failed, and forgets one that is removed', async () => {
    await using folder = await tempFolder();
    await writeFile(folder.file('a'), '');
    const { board, durations } = await makeBoard(folder);
    board.update(building);
    await appendFile(folder.file('a'), log);
    await seen(board, ({ derivations }) => derivations.done === 3);
    board.update({ ...building, state: 'failed' });
    assert.equal(board.of('a'), undefined);
    assert.deepEqual(durations.of('etc'), []);
    board.update(building);
    board.remove('a');
    assert.equal(board.of('a'), undefined);
    board.close();
  });

  it('tells its listeners of the builds that run', async () => {
    await using folder = await tempFolder();
    const { board } = await makeBoard(folder);
    const told = new Set<string>();
    const stop = board.onChange((id) => told.add(id));
    board.update(building);
    await until('a word', () => told.has('a') || undefined);
    stop();
    board.close();
  });
});

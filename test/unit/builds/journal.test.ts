import assert from 'node:assert/strict';
import { appendFile, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { cutJournal, Journal, readJournal, repairJournal } from '../../../src/builds/journal.ts';
import { systemCodeOf } from '../../../src/errors.ts';
import { tempFolder } from '../../fixtures/temp-folder.ts';

const at = new Date('2026-09-11T10:15:00Z');
const cancel = { type: 'cancel' } as const;
const phase = (text: string) => ({ type: 'phase', phase: text, seq: 1 }) as const;

describe('A journal', () => {
  it('gives back what was appended, numbered from 1 on', async () => {
    await using folder = await tempFolder();
    const path = folder.file('events.jsonl');
    const journal = new Journal(path);
    const appended = [await journal.append(phase('a\nb "ü"'), at), await journal.append(cancel, at)];
    assert.deepEqual(
      appended.map(({ n }) => n),
      [1, 2],
    );
    const read = await readJournal(path);
    assert.deepEqual(read, { events: appended, size: journal.size, damaged: 0 });
  });

  it('goes on where an earlier one ended, after half a line that was cut off', async () => {
    await using folder = await tempFolder();
    const path = folder.file('events.jsonl');
    await new Journal(path).append(cancel, at);
    const whole = await readFile(path, 'utf8');
    await appendFile(path, '{"n":2,"at":"2026');
    const { size } = await readJournal(path);
    assert.equal(size, whole.length);
    await cutJournal(path, size);
    await new Journal(path, 1, size).append(phase('next'), at);
    const { events, damaged } = await readJournal(path);
    assert.deepEqual([events.map(({ n }) => n), damaged], [[1, 2], 0]);
  });

  it('has nothing of what could not be written, and takes the next when there is room', async () => {
    await using folder = await tempFolder();
    const path = folder.file('events.jsonl');
    await symlink('/dev/full', path);
    const journal = new Journal(path);
    await assert.rejects(journal.append(cancel, at), (error) => systemCodeOf(error) === 'ENOSPC');
    assert.equal(journal.size, 0);
    await rm(path);
    // What a full disk has left of the line, and could not be cut off then.
    await writeFile(path, '{"n":1,"at"');
    const event = await journal.append(cancel, at);
    assert.deepEqual(await readJournal(path), { events: [event], size: journal.size, damaged: 0 });
  });

  it('is read past lines that say nothing, or count backwards', async () => {
    await using folder = await tempFolder();
    const path = folder.file('events.jsonl');
    const line = (n: number, type = 'cancel') => `${JSON.stringify({ n, at: at.toISOString(), type })}\n`;
    await writeFile(path, `${line(1)}\0\0\0\n${line(3)}${line(2)}[]\n${line(4, 'nonsense')}${line(5)}{"n":6`);
    const { events, damaged, size } = await readJournal(path);
    assert.deepEqual([events.map(({ n }) => n), damaged], [[1, 3, 5], 4]);
    const repaired = await repairJournal(path, events);
    assert.ok(repaired < size);
    assert.deepEqual(await readJournal(path), { events, size: repaired, damaged: 0 });
    assert.match(await readFile(`${path}.damaged`, 'utf8'), /nonsense/);
  });

  it('that does not exist is empty', async () => {
    await using folder = await tempFolder();
    assert.deepEqual(await readJournal(folder.file('none')), { events: [], size: 0, damaged: 0 });
    await cutJournal(folder.file('none'), 0);
  });
});

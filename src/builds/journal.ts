import { copyFile, open, readFile, truncate } from 'node:fs/promises';
import { systemCodeOf } from '../errors.ts';
import { writeFileAtomically } from '../write-file-atomically.ts';
import { type BuildEvent, type Kept, parseBuildEvent } from './event.ts';

/**
 * The journal of one build: a file to which a line is added for everything that happens.
 *
 * INVARIANTS
 * - What `append` has returned is on the disk; what it has thrown for is not in the file.
 * - `size` is the end of the last line that counts: nobody reads beyond it.
 */
export class Journal {
  readonly #path: string;
  #last: number;
  #size: number;
  #torn = false;

  /** @param last the number of the last event. @param size how many bytes of the file are whole lines. */
  constructor(path: string, last = 0, size = 0) {
    this.#path = path;
    this.#last = last;
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  /** Calls must not overlap. */
  async append(happening: Kept, at: Date): Promise<BuildEvent> {
    const event = { n: this.#last + 1, at: at.toISOString(), ...happening };
    const line = Buffer.from(`${JSON.stringify(event)}\n`);
    const file = await open(this.#path, 'a', 0o600);
    try {
      if (this.#torn) await file.truncate(this.#size);
      this.#torn = true;
      await file.appendFile(line);
      await file.datasync();
      this.#torn = false;
    } catch (error) {
      // A full disk takes half a line; when it cannot even be cut off now, the next line waits until it can.
      await file.truncate(this.#size).then(
        () => {
          this.#torn = false;
        },
        () => {},
      );
      throw error;
    } finally {
      await file.close();
    }
    this.#last = event.n;
    this.#size += line.length;
    return event;
  }
}

export interface ReadJournal {
  events: BuildEvent[];
  /** Bytes of whole lines; what follows is half a line, which nobody was told of. */
  size: number;
  /** How many whole lines say nothing that can be read. */
  damaged: number;
}

/** Reads a journal; one that does not exist is empty. */
export async function readJournal(path: string): Promise<ReadJournal> {
  const content = await readIfThere(path);
  const size = content.lastIndexOf('\n') + 1;
  const lines = content.toString('utf8', 0, size).split('\n').slice(0, -1);
  const events: BuildEvent[] = [];
  for (const line of lines) {
    const event = parseBuildEvent(line);
    if (event && event.n > (events.at(-1)?.n ?? 0)) events.push(event);
  }
  return { events, size, damaged: lines.length - events.length };
}

/** Cuts off half a line that a crash has left. */
export async function cutJournal(path: string, size: number): Promise<void> {
  try {
    await truncate(path, size);
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
  }
}

/** Sets a damaged journal aside and writes anew what can be read of it. @returns its size. */
export async function repairJournal(path: string, events: readonly BuildEvent[]): Promise<number> {
  const content = Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  await copyFile(path, `${path}.damaged`).catch((error) => {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
  });
  await writeFileAtomically(path, content);
  return content.length;
}

async function readIfThere(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

import { type FileHandle, open, readFile, rm, stat } from 'node:fs/promises';
import { z } from 'zod';
import { systemCodeOf } from '../../errors.ts';

const headerSchema = z.object({
  path: z.string(),
  bytes: z.number(),
  sha256: z.string(),
  blockSize: z.number(),
});

/** What a partial file is a part of. */
export type JournalHeader = z.infer<typeof headerSchema>;

/**
 * Which blocks of a partial file are on the disk: a header, then a line of block numbers for every time the file
 * was synced. It survives the process and the power.
 *
 * INVARIANT: a block is named only after its bytes have been synced.
 */
export class Journal implements AsyncDisposable {
  /** The blocks that an earlier run had brought home. */
  readonly known: ReadonlySet<number>;
  readonly #journal: FileHandle;
  readonly #data: FileHandle;
  #pending: number[] = [];
  #committing: Promise<void> = Promise.resolve();

  private constructor(known: ReadonlySet<number>, journal: FileHandle, data: FileHandle) {
    this.known = known;
    this.#journal = journal;
    this.#data = data;
  }

  /** Goes on with what is there when it is a part of the same file, and begins anew otherwise. */
  static async open(paths: PartialPaths, header: JournalHeader): Promise<Journal> {
    const known = await readKnown(paths, header);
    if (!known) await discard(paths);
    const data = await open(paths.data, known ? 'r+' : 'w+', 0o644);
    try {
      if (!known) await data.truncate(header.bytes);
      const journal = await open(paths.journal, 'a', 0o600);
      if (!known) await journal.appendFile(`${JSON.stringify(header)}\n`);
      return new Journal(known ?? new Set(), journal, data);
    } catch (error) {
      await data.close();
      throw error;
    }
  }

  get data(): FileHandle {
    return this.#data;
  }

  /** Remembers that a block has been written, for the next commit. */
  add(block: number): void {
    this.#pending.push(block);
  }

  /** Syncs the file, and then writes down which blocks it has. */
  commit(): Promise<void> {
    this.#committing = this.#committing.then(async () => {
      const blocks = this.#pending;
      if (blocks.length === 0) return;
      this.#pending = [];
      await this.#data.datasync();
      await this.#journal.appendFile(`${blocks.join(' ')}\n`);
      await this.#journal.datasync();
    });
    return this.#committing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#committing.catch(() => {});
    await this.#journal.close();
    await this.#data.close();
  }
}

export interface PartialPaths {
  data: string;
  journal: string;
}

export async function discard({ data, journal }: PartialPaths): Promise<void> {
  // In this order: a journal without its file would be believed.
  await rm(journal, { force: true });
  await rm(data, { force: true });
}

/** The blocks of a partial file of just this file; nothing when there is none. */
async function readKnown(paths: PartialPaths, wanted: JournalHeader): Promise<Set<number> | undefined> {
  try {
    const { size } = await stat(paths.data);
    // A line without an end was torn by a crash.
    const [first = '', ...lines] = (await readFile(paths.journal, 'utf8')).split('\n').slice(0, -1);
    const header = headerSchema.safeParse(parseJson(first));
    if (!header.success || size !== wanted.bytes || !isSame(header.data, wanted)) return undefined;
    return new Set(lines.flatMap((line) => line.split(' ').map(Number)).filter(Number.isInteger));
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

const isSame = (one: JournalHeader, other: JournalHeader) =>
  one.path === other.path &&
  one.bytes === other.bytes &&
  one.sha256 === other.sha256 &&
  one.blockSize === other.blockSize;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

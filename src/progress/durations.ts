import { readFile, rename } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf, systemCodeOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { writeFileAtomically } from '../write-file-atomically.ts';

/** Enough for quartiles, and few enough to follow a faster machine. */
const mostTimes = 9;

/** Names that were not built for the longest time are forgotten first. */
const mostNames = 5000;

const fileSchema = z.record(z.string(), z.array(z.number().nonnegative()));

/** How long each derivation took the last times it was built here, by its name without its hash. */
export class Durations {
  readonly #path: string;
  readonly #times: Map<string, number[]>;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, times: Map<string, number[]>) {
    this.#path = path;
    this.#times = times;
  }

  /** A damaged file is set aside and reported: it is only experience. */
  static async open(path: string, logger: Logger): Promise<Durations> {
    try {
      const times = fileSchema.parse(JSON.parse(await readFile(path, 'utf8')));
      return new Durations(path, new Map(Object.entries(times)));
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') {
        await rename(path, `${path}.damaged`);
        logger.warn('Damaged durations set aside', { file: `${path}.damaged`, why: messageOf(error) });
      }
      return new Durations(path, new Map());
    }
  }

  of(name: string): readonly number[] {
    return this.#times.get(name) ?? [];
  }

  /** Remembers what was built. */
  async add(built: readonly { name: string; seconds: number }[]): Promise<void> {
    if (built.length === 0) return;
    for (const { name, seconds } of built) {
      const times = [...this.of(name), Math.round(seconds * 10) / 10].slice(-mostTimes);
      // Entered anew, so that the order is that of the last use.
      this.#times.delete(name);
      this.#times.set(name, times);
    }
    for (const name of this.#times.keys()) {
      if (this.#times.size <= mostNames) break;
      this.#times.delete(name);
    }
    await this.#write();
  }

  #write(): Promise<void> {
    const write = () => writeFileAtomically(this.#path, JSON.stringify(Object.fromEntries(this.#times)));
    const written = this.#writing.then(write);
    this.#writing = written.catch(() => {});
    return written;
  }
}

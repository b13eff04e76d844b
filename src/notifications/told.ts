import { readFile, rename } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf, systemCodeOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { writeFileAtomically } from '../write-file-atomically.ts';

const content = z.record(z.string(), z.number().int().nonnegative());

/** Up to which of its events each build has been told of; builds that were told of to their end are not in it. */
export class Told {
  readonly #path: string;
  readonly #numbers: Map<string, number>;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, numbers: Map<string, number>) {
    this.#path = path;
    this.#numbers = numbers;
  }

  /** What is damaged is set aside: the builds that have not ended are then told of from their beginning. */
  static async open(path: string, logger: Logger): Promise<Told> {
    try {
      return new Told(path, new Map(Object.entries(content.parse(JSON.parse(await readFile(path, 'utf8'))))));
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') {
        logger.error('The list of what webhooks were told is damaged and set aside', {
          ...{ file: `${path}.damaged`, why: messageOf(error) },
        });
        await rename(path, `${path}.damaged`);
      }
      return new Told(path, new Map());
    }
  }

  get ids(): string[] {
    return [...this.#numbers.keys()];
  }

  /** The number of the last event that was told; nothing for a build that is not known here. */
  of(id: string): number | undefined {
    return this.#numbers.get(id);
  }

  async set(id: string, number: number): Promise<void> {
    this.#numbers.set(id, number);
    await this.#write();
  }

  async delete(id: string): Promise<void> {
    if (this.#numbers.delete(id)) await this.#write();
  }

  /** One write after the other, each with all that is known by then. */
  async #write(): Promise<void> {
    const turn = this.#writing.then(() =>
      writeFileAtomically(this.#path, `${JSON.stringify(Object.fromEntries(this.#numbers))}\n`),
    );
    this.#writing = turn.catch(() => {});
    return turn;
  }
}

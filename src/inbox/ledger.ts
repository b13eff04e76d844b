import { readFile, rename } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf, systemCodeOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { writeFileAtomically } from '../write-file-atomically.ts';

const line = z.object({
  stamp: z.string().describe('Of the last look'),
  content: z.string().describe('What was handed in'),
  build: z
    .string()
    .nullable()
    .describe('The build of it; null when it was refused, or is about to be handed in'),
  since: z.string().describe('When it was handed in'),
});

const content = z.record(z.string(), line);

export type Handed = z.infer<typeof line>;

/** What of the inbox has been handed in, so that a restart makes no second build of it. */
export class Ledger {
  readonly #path: string;
  readonly #lines: Map<string, Handed>;

  private constructor(path: string, lines: Map<string, Handed>) {
    this.#path = path;
    this.#lines = lines;
  }

  /** What is damaged is set aside; what lies in the inbox is then built once more. */
  static async open(path: string, logger: Logger): Promise<Ledger> {
    try {
      return new Ledger(
        path,
        new Map(Object.entries(content.parse(JSON.parse(await readFile(path, 'utf8'))))),
      );
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') {
        logger.error('The ledger of the inbox is damaged and set aside', {
          ...{ file: `${path}.damaged`, why: messageOf(error) },
        });
        await rename(path, `${path}.damaged`);
      }
      return new Ledger(path, new Map());
    }
  }

  get(name: string): Handed | undefined {
    return this.#lines.get(name);
  }

  /** The entries that a build was made of: several of the same content may share one. */
  namesOf(build: string): string[] {
    return [...this.#lines].filter(([, handed]) => handed.build === build).map(([name]) => name);
  }

  get entries(): [string, Handed][] {
    return [...this.#lines];
  }

  async set(name: string, handed: Handed): Promise<void> {
    this.#lines.set(name, handed);
    await this.#write();
  }

  async delete(name: string): Promise<void> {
    if (this.#lines.delete(name)) await this.#write();
  }

  async #write(): Promise<void> {
    await writeFileAtomically(this.#path, `${JSON.stringify(Object.fromEntries(this.#lines), null, 2)}\n`);
  }
}

import type { Worker } from 'node:worker_threads';
import type { Extent } from './extents.ts';
import { startThread, threadModule } from './start-thread.ts';
import { fromThreadError, type HashNews, type HashTask, type HashThreadData } from './thread-messages.ts';

export interface OrderedHashOptions extends HashThreadData {
  /** The blocks of the file, in order. */
  places: readonly Extent[];
}

/**
 * The sha256 of a file while its blocks are written in any order: a thread of its own follows them, and reads each
 * block as soon as all before it are there, when the system still has it in memory.
 */
export class OrderedHash implements AsyncDisposable {
  /** Rejects when the file cannot be read. */
  readonly sha256: Promise<string>;
  readonly #places: readonly Extent[];
  readonly #thread: Worker;
  /** Blocks that wait for those before them. */
  readonly #here = new Set<number>();
  #next = 0;

  constructor({ places, target }: OrderedHashOptions) {
    this.#places = places;
    const data: HashThreadData = { target };
    this.#thread = startThread(threadModule('./hash-thread', import.meta.url), data);
    this.sha256 = new Promise((resolve, reject) => {
      this.#thread.on('error', reject);
      this.#thread.on('message', (news: HashNews) => {
        if (news.type === 'failed') reject(fromThreadError(news.error));
        else resolve(news.sha256);
      });
    });
    this.sha256.catch(() => {});
  }

  /** A block is in the file. */
  add(block: number): void {
    this.#here.add(block);
    const before = this.#next;
    while (this.#here.delete(this.#next)) this.#next += 1;
    const last = this.#places[this.#next - 1];
    if (!last || this.#next === before) return;
    const task: HashTask = { until: last.offset + last.length, isEnd: this.#next === this.#places.length };
    this.#thread.postMessage(task);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread.terminate();
  }
}

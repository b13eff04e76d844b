import type { Worker } from 'node:worker_threads';
import type { Extent } from './extents.ts';
import { startThread, threadModule } from './start-thread.ts';
import { fromThreadError, type HashNews, type HashTask, type HashThreadData } from './thread-messages.ts';

export interface OrderedHashOptions extends HashThreadData {
  /** The blocks of the file, in order. */
  places: readonly Extent[];
  /** Called for a block whose bytes in the ring are no longer needed. */
  onFree: (slot: number) => void;
}

/** Tasks the thread has beforehand. */
const ahead = 2;

/** Blocks that wait in the ring for those before them; others are read from the file again when their turn comes. */
const held = 4;

/**
 * The sha256 of a file whose blocks arrive in any order, without a second pass: in a thread of its own, each block
 * as soon as all before it are here.
 */
export class OrderedHash implements AsyncDisposable {
  /** Rejects when the file cannot be read. */
  readonly sha256: Promise<string>;
  readonly #options: OrderedHashOptions;
  readonly #thread: Worker;
  /** Blocks that are here and wait; with the slot they are in, unless only the file has them. */
  readonly #here = new Map<number, number | undefined>();
  /** The slots of what the thread has been given, in order. */
  readonly #given: (number | undefined)[] = [];
  #next = 0;

  constructor(options: OrderedHashOptions) {
    this.#options = options;
    const { ring, target } = options;
    const data: HashThreadData = { ring, target };
    this.#thread = startThread(threadModule('./hash-thread', import.meta.url), data);
    this.sha256 = new Promise((resolve, reject) => {
      this.#thread.on('error', reject);
      this.#thread.on('message', (news: HashNews) => {
        if (news.type === 'failed') reject(fromThreadError(news.error));
        else if (news.type === 'digest') resolve(news.sha256);
        else this.#hashed();
      });
    });
    this.sha256.catch(() => {});
  }

  /** A block is in the file, and in this slot of the ring when it has just arrived. */
  add(block: number, slot?: number): void {
    const isNear = block < this.#next + held;
    if (slot !== undefined && !isNear) this.#options.onFree(slot);
    this.#here.set(block, isNear ? slot : undefined);
    this.#give();
  }

  #hashed(): void {
    const slot = this.#given.shift();
    if (slot !== undefined) this.#options.onFree(slot);
    this.#give();
  }

  #give(): void {
    const { places } = this.#options;
    while (this.#given.length < ahead && this.#here.has(this.#next)) {
      const slot = this.#here.get(this.#next);
      const place = places[this.#next];
      if (!place) return;
      this.#here.delete(this.#next);
      this.#next += 1;
      this.#given.push(slot);
      this.#post(
        slot === undefined ? { type: 'file', ...place } : { type: 'ring', start: slot, length: place.length },
      );
    }
    if (this.#next === places.length && this.#given.length === 0) this.#post({ type: 'end' });
  }

  #post(task: HashTask): void {
    this.#thread.postMessage(task);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread.terminate();
  }
}

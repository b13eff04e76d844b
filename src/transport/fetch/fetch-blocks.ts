import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { CleanUp } from '../../clean-up.ts';
import { messageOf, NexusError } from '../../errors.ts';
import type { SshAddress } from '../ssh-connection.ts';
import { type Extent, splitData } from './extents.ts';
import type { Journal } from './journal.ts';
import { OrderedHash } from './ordered-hash.ts';
import type { FetchOptions } from './remote-file.ts';
import { startThread, threadModule } from './start-thread.ts';
import {
  type BlockTask,
  type FetchThreadData,
  type FetchThreadNews,
  fromThreadError,
} from './thread-messages.ts';

export const blockSize = 4 * 1024 * 1024;

/** Several connections, because a line with latency or loss gives each of them only so much. */
const connections = 4;

/** Blocks a connection is asked for at once, so that it is never without one. */
const perConnection = 2;

/** Those on the way, and those that wait for their turn to be hashed. */
const slots = connections * perConnection + 6;

/** A hole smaller than this costs more to leave out than to fetch. */
const smallestGap = 256 * 1024;

/** How much may have to be fetched again after a crash. */
const commitBytes = 32 * 1024 * 1024;

/** How long to go on without any connection. */
const lonelyMs = 5000;

export interface FetchBlocksOptions extends FetchOptions {
  address: SshAddress;
  path: string;
  bytes: number;
  /** Where the file has data. */
  extents: readonly Extent[];
  /** The partial file. */
  target: string;
  journal: Journal;
  keepaliveMs?: number | undefined;
}

/** The blocks of a file of this size. */
export function blocksOf(bytes: number): Extent[] {
  return Array.from({ length: Math.ceil(bytes / blockSize) }, (_, index) => ({
    offset: index * blockSize,
    length: Math.min(blockSize, bytes - index * blockSize),
  }));
}

/**
 * Fills a partial file with the blocks it lacks, in no particular order, over several connections in threads of their
 * own, since decrypting keeps one processor busy.
 * @returns its sha256.
 */
export async function fetchBlocks(options: FetchBlocksOptions): Promise<string> {
  await using cleanUp = new CleanUp();
  const fetch = new BlockFetch(options, cleanUp);
  const sha256 = await fetch.run();
  await options.journal.commit();
  return sha256;
}

/** The blocks that each living connection is at work on: its key is the thread and the number. */
type Assigned = Map<string, { thread: Worker; connection: number; tasks: Map<number, BlockTask> }>;

/**
 * INVARIANTS
 * - A block that is missing is in `missing` or with exactly one living connection.
 * - A slot of the ring is in `free`, with a task, or with the hash.
 */
class BlockFetch {
  readonly #options: FetchBlocksOptions;
  readonly #cleanUp: CleanUp;
  readonly #places: Extent[];
  /** What of each block is data. */
  readonly #data: Extent[][];
  readonly #ring = new SharedArrayBuffer(slots * blockSize);
  readonly #free = Array.from({ length: slots }, (_, index) => index * blockSize);
  readonly #missing: number[] = [];
  readonly #lines: Assigned = new Map();
  readonly #hash: OrderedHash;
  #arrived = 0;
  #uncommitted = 0;
  #giveUp: NodeJS.Timeout | undefined;
  #lastError: Error | undefined;
  #fail!: (reason: unknown) => void;

  constructor(options: FetchBlocksOptions, cleanUp: CleanUp) {
    this.#options = options;
    this.#cleanUp = cleanUp;
    this.#places = blocksOf(options.bytes);
    this.#data = splitData(options.extents, this.#places, smallestGap);
    this.#hash = cleanUp.use(
      new OrderedHash({
        ring: this.#ring,
        target: options.target,
        places: this.#places,
        onFree: (slot) => {
          this.#free.push(slot);
          this.#assign();
        },
      }),
    );
  }

  async run(): Promise<string> {
    const { signal } = this.#options;
    const failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    const abort = () => this.#fail(signal?.reason);
    signal?.throwIfAborted();
    signal?.addEventListener('abort', abort, { once: true });
    this.#cleanUp.defer(() => signal?.removeEventListener('abort', abort));
    this.#cleanUp.defer(() => clearTimeout(this.#giveUp));
    this.#takeStock();
    if (this.#missing.length > 0) this.#startThreads();
    return Promise.race([this.#hash.sha256, failed]);
  }

  /** What is here already, or is a hole, is only hashed. */
  #takeStock(): void {
    const { journal } = this.#options;
    for (const block of this.#places.keys()) {
      if (!journal.known.has(block) && this.#data[block]?.length !== 0) this.#missing.push(block);
      else this.#here(block);
    }
  }

  #startThreads(): void {
    const { address, path, target, keepaliveMs } = this.#options;
    const threads = Math.min(connections, Math.max(1, availableParallelism()), this.#missing.length);
    this.#waitForConnection();
    for (let index = 0; index < threads; index += 1) {
      const share = Math.floor((connections + index) / threads);
      const data: FetchThreadData = {
        address,
        path,
        target,
        ring: this.#ring,
        connections: share,
        keepaliveMs,
      };
      const thread = startThread(threadModule('./fetch-thread', import.meta.url), data);
      this.#cleanUp.defer(() => thread.terminate());
      thread.on('error', (error) => this.#fail(error));
      thread.on('message', (news: FetchThreadNews) => this.#hear(thread, news));
    }
  }

  #hear(thread: Worker, news: FetchThreadNews): void {
    switch (news.type) {
      case 'connected':
        clearTimeout(this.#giveUp);
        this.#lines.set(key(thread, news.connection), {
          thread,
          connection: news.connection,
          tasks: new Map(),
        });
        break;
      case 'done':
        this.#done(key(thread, news.connection), news.block);
        break;
      case 'lost':
        this.#lost(key(thread, news.connection));
        this.#lastError = fromThreadError(news.error);
        break;
      case 'unreachable':
        this.#lastError = fromThreadError(news.error);
        break;
      case 'failed':
        this.#fail(fromThreadError(news.error));
    }
    this.#assign();
  }

  #done(line: string, block: number): void {
    const tasks = this.#lines.get(line)?.tasks;
    const task = tasks?.get(block);
    if (!task) return;
    tasks?.delete(block);
    const { journal } = this.#options;
    journal.add(block);
    this.#uncommitted += task.place.length;
    if (this.#uncommitted >= commitBytes) {
      this.#uncommitted = 0;
      journal.commit().catch((error) => this.#fail(error));
    }
    this.#here(block, task.slot);
  }

  #here(block: number, slot?: number): void {
    this.#arrived += this.#places[block]?.length ?? 0;
    this.#hash.add(block, slot);
    this.#options.onProgress?.(this.#arrived);
  }

  #lost(line: string): void {
    const tasks = [...(this.#lines.get(line)?.tasks.values() ?? [])];
    this.#lines.delete(line);
    for (const { slot } of tasks) this.#free.push(slot);
    this.#missing.unshift(...tasks.map(({ block }) => block));
    this.#missing.sort((a, b) => a - b);
    if (this.#lines.size === 0) this.#waitForConnection();
  }

  #waitForConnection(): void {
    clearTimeout(this.#giveUp);
    this.#giveUp = setTimeout(() => {
      const cause = this.#lastError;
      const why = cause ? messageOf(cause) : `none in ${lonelyMs} ms`;
      this.#fail(
        new NexusError('connection-lost', `No connection to the builder is left: ${why}`, { cause }),
      );
    }, lonelyMs);
  }

  /** Gives the lowest missing blocks to those who have the least to do. */
  #assign(): void {
    const lines = [...this.#lines.values()];
    for (let count = 0; count < perConnection; count += 1) {
      for (const { thread, connection, tasks } of lines) {
        if (tasks.size > count) continue;
        const slot = this.#free.at(-1);
        const block = this.#missing[0];
        const place = block === undefined ? undefined : this.#places[block];
        if (slot === undefined || block === undefined || place === undefined) return;
        this.#free.pop();
        this.#missing.shift();
        const task: BlockTask = { connection, block, place, data: this.#data[block] ?? [place], slot };
        tasks.set(block, task);
        thread.postMessage(task);
      }
    }
  }
}

const key = (thread: Worker, connection: number) => `${thread.threadId}-${connection}`;

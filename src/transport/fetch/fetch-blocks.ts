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
  type FetchThreadData,
  type FetchThreadNews,
  fromThreadError,
  type RunTask,
} from './thread-messages.ts';

export const blockSize = 4 * 1024 * 1024;

/** Several connections, because a line with latency or loss gives each of them only so much. */
const connections = 4;

/** A connection gets its next run when so few blocks of the last one are missing, so that it is never without. */
const fewBlocks = 2;

/** A run of more blocks saves nothing more, and keeps the hash waiting for its beginning. */
const mostBlocks = 16;

/** A hole smaller than this costs more to leave out than to fetch. */
const smallestGap = 256 * 1024;

/** What arrived so shortly before a crash has to be fetched again. */
const commitMs = 1000;

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
  try {
    return await fetch.run();
  } finally {
    // Why it failed matters more than that its last blocks could not be kept either; they are fetched again.
    await options.journal.commit().catch(() => {});
  }
}

/** The blocks that each living connection has been asked for: its key is the thread and the number. */
type Assigned = Map<string, { thread: Worker; connection: number; blocks: Set<number> }>;

/**
 * INVARIANTS
 * - A block that is missing is in `missing`, in order, or with exactly one living connection.
 */
class BlockFetch {
  readonly #options: FetchBlocksOptions;
  readonly #cleanUp: CleanUp;
  readonly #places: Extent[];
  /** What of each block is data. */
  readonly #data: Extent[][];
  readonly #missing: number[] = [];
  readonly #lines: Assigned = new Map();
  readonly #hash: OrderedHash;
  #arrived = 0;
  #giveUp: NodeJS.Timeout | undefined;
  #lastError: Error | undefined;
  #fail!: (reason: unknown) => void;

  constructor(options: FetchBlocksOptions, cleanUp: CleanUp) {
    this.#options = options;
    this.#cleanUp = cleanUp;
    this.#places = blocksOf(options.bytes);
    this.#data = splitData(options.extents, this.#places, smallestGap);
    this.#hash = cleanUp.use(new OrderedHash({ target: options.target, places: this.#places }));
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
    const commit = () => this.#options.journal.commit().catch((error) => this.#fail(error));
    const committing = setInterval(commit, commitMs);
    this.#cleanUp.defer(() => clearInterval(committing));
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
          blocks: new Set(),
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
    if (!this.#lines.get(line)?.blocks.delete(block)) return;
    this.#options.journal.add(block);
    this.#here(block);
  }

  #here(block: number): void {
    this.#arrived += this.#places[block]?.length ?? 0;
    this.#hash.add(block);
    this.#options.onProgress?.(this.#arrived);
  }

  #lost(line: string): void {
    this.#missing.unshift(...(this.#lines.get(line)?.blocks ?? []));
    this.#missing.sort((a, b) => a - b);
    this.#lines.delete(line);
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

  /** Gives the lowest missing blocks to those who have little to do; ever fewer, so that all end together. */
  #assign(): void {
    for (const { thread, connection, blocks } of this.#lines.values()) {
      if (blocks.size > fewBlocks) continue;
      const share = Math.ceil(this.#missing.length / (2 * connections));
      const run = this.#missing.splice(0, Math.min(mostBlocks, share));
      if (run.length === 0) return;
      for (const block of run) blocks.add(block);
      const task: RunTask = {
        connection,
        blocks: run.map((block) => ({ block, data: this.#data[block] ?? [] })),
      };
      thread.postMessage(task);
    }
  }
}

const key = (thread: Worker, connection: number) => `${thread.threadId}-${connection}`;

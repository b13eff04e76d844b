import type { Readable } from 'node:stream';
import type { SshAddress } from './ssh-connection.ts';

export interface RunOptions {
  /** What the program reads from its standard input; nothing by default. */
  input?: string | Readable;
  signal?: AbortSignal;
}

export interface RunResult {
  stdout: string;
  stderr: string;
  /** Exit status, or null when a signal ended the program. */
  status: number | null;
}

export interface ReadOptions {
  /** First byte wanted, 0 by default. */
  offset?: number;
  signal?: AbortSignal;
}

export interface PutOptions {
  /** Permission bits, 0600 by default. */
  mode?: number;
  signal?: AbortSignal;
}

/** What further connections to a builder need. */
export interface SshAccess {
  address: SshAddress;
  /** How long to keep trying to connect again before the builder counts as lost. */
  reconnectMs: number;
  /** How often a quiet connection is asked whether it lives. */
  keepaliveMs: number | undefined;
}

/**
 * How the files and programs of a builder are reached. Two kinds: `ssh` and `local`.
 * Every method rejects with the signal's reason when its signal aborts, with `connection-lost` when the
 * connection breaks (what has been started is then of unknown outcome), and with `connection-failed` when it
 * could not be made again in time.
 */
export interface Transport extends AsyncDisposable {
  readonly kind: 'ssh' | 'local';
  /** Nothing where the files are ours. */
  readonly ssh?: SshAccess;
  /** Runs one program and waits for its end; a non-zero status is a result, not an error. */
  run(command: readonly [string, ...string[]], options?: RunOptions): Promise<RunResult>;
  /** The bytes of a file from `offset` to its present end. */
  read(path: string, options?: ReadOptions): AsyncIterable<Buffer>;
  /**
   * The bytes of a file from `offset` on, and then whatever is appended, for ever: ends only with its signal.
   * The file need not exist yet. A lost connection is made again and the stream goes on at the exact byte.
   */
  follow(path: string, options?: ReadOptions): AsyncIterable<Buffer>;
  /** Writes a file whole or not at all: a temporary name beside it, then a rename. */
  put(path: string, content: string | Buffer, options?: PutOptions): Promise<void>;
}

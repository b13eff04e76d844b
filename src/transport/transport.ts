import type { Readable } from 'node:stream';
import type { Reach } from './reach.ts';
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

export interface FollowOptions extends ReadOptions {
  /** Whether to go on by itself when the connection was lost; if not, `follow` rejects with `connection-lost`. */
  resume?: boolean;
}

export interface PutOptions {
  /** Permission bits, 0600 by default. */
  mode?: number;
  signal?: AbortSignal;
}

/** What further connections to a builder need. */
export interface SshAccess {
  address: SshAddress;
  /** How often a quiet connection is asked whether it lives. */
  keepaliveMs: number | undefined;
}

/**
 * How the files and programs of a builder are reached. Two kinds: `ssh` and `local`.
 * Every method rejects with the signal's reason when its signal aborts, with `connection-lost` when the
 * connection breaks (what has been started is then of unknown outcome). While there is no connection it waits for one.
 */
export interface Transport extends AsyncDisposable {
  readonly kind: 'ssh' | 'local';
  /** Whether the builder can be reached now. A lost connection is made again, however long that takes. */
  readonly reach: Reach;
  /** How to connect to the builder where it is now; there is none where the files are ours. */
  access?(): Promise<SshAccess>;
  /** Runs one program and waits for its end; a non-zero status is a result, not an error. */
  run(command: readonly [string, ...string[]], options?: RunOptions): Promise<RunResult>;
  /** The bytes of a file from `offset` to its present end. */
  read(path: string, options?: ReadOptions): AsyncIterable<Buffer>;
  /**
   * The bytes of a file from `offset` on, and then whatever is appended, for ever: ends only with its signal.
   * The file need not exist yet. A lost connection is made again and the stream goes on at the exact byte; a file that
   * has been replaced, or has become shorter, is read from its beginning.
   */
  follow(path: string, options?: FollowOptions): AsyncIterable<Buffer>;
  /** Writes a file whole or not at all: a temporary name beside it, then a rename. */
  put(path: string, content: string | Buffer, options?: PutOptions): Promise<void>;
}

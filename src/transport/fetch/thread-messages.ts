import { type ErrorCode, messageOf, NexusError, systemCodeOf } from '../../errors.ts';
import type { SshAddress } from '../ssh-connection.ts';
import type { Extent } from './extents.ts';

/** A failure on its way from one thread to another, which would lose what our errors carry. */
export interface ThreadError {
  code: ErrorCode | undefined;
  /** The system error code. */
  system: string | undefined;
  message: string;
  hint: string | undefined;
}

export function toThreadError(error: unknown): ThreadError {
  const isOurs = error instanceof NexusError;
  return {
    code: isOurs ? error.code : undefined,
    system: isOurs ? undefined : systemCodeOf(error),
    message: messageOf(error),
    hint: isOurs ? error.hint : undefined,
  };
}

export function fromThreadError({ code, system, message, hint }: ThreadError): Error {
  if (code !== undefined) return new NexusError(code, message, { hint });
  return Object.assign(new Error(message), system !== undefined && { code: system });
}

export interface FetchThreadData {
  address: SshAddress;
  path: string;
  /** The partial file. */
  target: string;
  connections: number;
  keepaliveMs: number | undefined;
}

/** Blocks to bring home over one connection, in this order. */
export interface RunTask {
  connection: number;
  blocks: BlockTask[];
}

export interface BlockTask {
  block: number;
  /** What of it is data. */
  data: Extent[];
}

/** A connection that is made again has another number, so that nothing meant for the last one reaches it. */
export type FetchThreadNews =
  | { type: 'connected'; connection: number }
  | { type: 'done'; connection: number; block: number }
  /** The connection broke; what it had been given and not done has to be asked for again. */
  | { type: 'lost'; connection: number; error: ThreadError }
  /** A connection could not be made; the thread tries again by itself. */
  | { type: 'unreachable'; error: ThreadError }
  | { type: 'failed'; error: ThreadError };

export interface HashThreadData {
  /** The partial file. */
  target: string;
}

/** So much of the file, from its beginning, can be hashed; all of it when it is the end. */
export interface HashTask {
  until: number;
  isEnd: boolean;
}

export type HashNews = { type: 'digest'; sha256: string } | { type: 'failed'; error: ThreadError };

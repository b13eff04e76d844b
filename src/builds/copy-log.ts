import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import type { StartedBuilder } from '../builders/builder.ts';
import { messageOf, NexusError } from '../errors.ts';
import type { Logger } from '../log.ts';

export interface CopyLogOptions {
  builder: StartedBuilder;
  /** The log on the builder. */
  remote: string;
  /** The log here. */
  local: string;
  /** At which byte here the log of the builder begins. */
  start: number;
  logger: Logger;
}

export interface LogCopy {
  /** Begins to copy what comes, when there is a log: one that is yet to appear is looked for only now and then. */
  begin(): void;
  /** Brings what is still missing, when there is a log at all. */
  finish(): Promise<void>;
  /** Ends with what has come; somebody else will go on from there. */
  stop(): Promise<void>;
}

/** Copies the log home as it grows, once that has begun, from where an earlier copy ended. */
export async function copyLog({
  builder,
  remote,
  local: path,
  start,
  logger,
}: CopyLogOptions): Promise<LogCopy> {
  const { transport } = builder;
  let bytes = (await sizeOf(path, start)) - start;
  const following = new AbortController();
  const local = createWriteStream(path, { flags: 'a', mode: 0o600 });
  // A full disk ends the copying at once, and is told by `finish` and `stop`.
  local.on('error', () => following.abort());
  const keep = async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      if (local.errored) throw local.errored;
      bytes += chunk.length;
      if (!local.write(chunk)) await once(local, 'drain');
    }
  };
  let live = Promise.resolve();
  const follow = async () => {
    try {
      await keep(transport.follow(remote, { offset: bytes, signal: following.signal }));
    } catch (error) {
      if (!following.signal.aborted)
        logger.warn('A log cannot be followed any more', { log: path, why: messageOf(error) });
    }
  };
  const end = async (rest?: () => Promise<void>) => {
    following.abort();
    await live;
    try {
      if (local.errored) throw local.errored;
      await rest?.();
      local.end();
      await finished(local);
    } catch (error) {
      local.destroy();
      if (!local.errored) throw error;
      throw new NexusError('record-failed', `The log ${path} cannot be written: ${messageOf(error)}`, {
        cause: error,
      });
    }
  };
  const bringRest = async () => {
    try {
      await keep(transport.read(remote, { offset: bytes }));
    } catch (error) {
      if (local.errored || !isUnreadable(error)) throw error;
      logger.warn('The end of a log cannot be read', { log: path, why: messageOf(error) });
    }
  };
  return {
    begin: () => {
      live = follow();
    },
    finish: () => end(bringRest),
    stop: () => end(),
  };
}

/** A build may have removed its own log, which is no reason to fail; one that is out of reach will be read later. */
function isUnreadable(error: unknown): boolean {
  return !(error instanceof NexusError) || error.code === 'command-failed';
}

/** How long the log here is: at least `start`, whatever a crash has taken of it. */
async function sizeOf(path: string, start: number): Promise<number> {
  const file = await open(path, 'a', 0o600);
  try {
    const { size } = await file.stat();
    if (size < start) await file.truncate(start);
    return Math.max(size, start);
  } finally {
    await file.close();
  }
}

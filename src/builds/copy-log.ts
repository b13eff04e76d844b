import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { StartedBuilder } from '../builders/builder.ts';
import { messageOf } from '../errors.ts';

export interface CopyLogOptions {
  builder: StartedBuilder;
  /** The log on the builder. */
  remote: string;
  /** The log here. */
  local: string;
  /** Aborts when nobody wants the rest any more. */
  signal: AbortSignal;
}

/** Copies the log home as it grows; `finish` brings what is still missing, when there is a log at all. */
export function copyLog({ builder, remote, local: path, signal }: CopyLogOptions) {
  const { transport } = builder;
  const following = new AbortController();
  const local = createWriteStream(path, { mode: 0o600 });
  // A full disk ends the copying at once, and is told by `finish`.
  local.on('error', () => following.abort());
  let bytes = 0;
  const keep = async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      if (local.errored) throw local.errored;
      bytes += chunk.length;
      if (!local.write(chunk)) await once(local, 'drain');
    }
  };
  const live = keep(transport.follow(remote, { signal: following.signal })).catch((error) => {
    if (!following.signal.aborted)
      local.write(`\n[the log could not be followed any more: ${messageOf(error)}]\n`);
  });
  return {
    async finish(exists: boolean) {
      following.abort();
      await live;
      try {
        if (exists && !builder.lost.aborted && !signal.aborted)
          await keep(transport.read(remote, { offset: bytes }));
      } catch (error) {
        local.write(`\n[the end of the log could not be read: ${messageOf(error)}]\n`);
      } finally {
        local.end();
        await finished(local);
      }
    },
  };
}

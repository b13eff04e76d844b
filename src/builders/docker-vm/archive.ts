import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';

export interface ArchiveEntry {
  /** Path in the container, without the leading slash. */
  name: string;
  mode: number;
  content: string | Buffer | { file: string };
}

/** A tar stream of the entries; files are streamed, so their size does not matter. */
export function archive(entries: readonly ArchiveEntry[]): Readable {
  const tar = pack();
  fill(tar, entries).catch((error: Error) => tar.destroy(error));
  return Readable.from(tar);
}

async function fill(tar: ReturnType<typeof pack>, entries: readonly ArchiveEntry[]): Promise<void> {
  for (const { name, mode, content } of entries) {
    if (typeof content === 'string' || Buffer.isBuffer(content)) {
      tar.entry({ name, mode }, content);
    } else {
      const { size } = await stat(content.file);
      await pipeline(createReadStream(content.file), tar.entry({ name, mode, size }));
    }
  }
  tar.finalize();
}

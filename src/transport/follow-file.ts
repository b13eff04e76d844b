import { once } from 'node:events';
import { open, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { watch } from 'chokidar';
import { systemCodeOf } from '../errors.ts';
import { abortable, waitAtMost } from './signals.ts';
import type { ReadOptions } from './transport.ts';

const chunkSize = 256 * 1024;

/** chokidar drops a change that comes within 50 ms of another, so new bytes are a reason to look again soon. */
const settleMs = 60;

/** Some file systems report no changes (network mounts), so we look this often ourselves. */
const recheckMs = 1000;

/** Follows a file on this machine, which need not exist yet; see `Transport.follow`. */
export async function* followFile(path: string, options: ReadOptions = {}): AsyncGenerator<Buffer> {
  const { signal } = options;
  signal?.throwIfAborted();
  const file = resolve(path);
  let offset = options.offset ?? 0;
  let inode: bigint | undefined;
  let wake = () => {};
  // An error of a watch that had begun means only that nothing wakes us but the clock.
  const watcher = watchFile(file)
    .on('all', () => wake())
    .on('error', () => {});
  try {
    await abortable(once(watcher, 'ready'), signal);
    while (true) {
      // Listening starts before the read: what is appended between the two must not be missed.
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const now = await stateOf(file);
      // As tail -F does it.
      if (now && inode !== undefined && (now.ino !== inode || now.size < offset)) offset = 0;
      inode = now?.ino ?? inode;
      const before = offset;
      for await (const chunk of readAvailable(file, offset)) {
        signal?.throwIfAborted();
        offset += chunk.length;
        yield chunk;
      }
      await waitAtMost(changed, offset > before ? settleMs : recheckMs, signal);
    }
  } finally {
    await watcher.close();
  }
}

async function stateOf(file: string) {
  try {
    return await stat(file, { bigint: true });
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The folder is watched, since a file that does not exist yet cannot be. */
function watchFile(file: string) {
  const folder = dirname(file);
  return watch(folder, {
    depth: 0,
    ignoreInitial: true,
    ignored: (path) => path !== folder && path !== file,
  });
}

/** The bytes from `start` to the present end; none when there is no such file. */
export async function* readAvailable(file: string, start: number): AsyncGenerator<Buffer> {
  const handle = await openIfThere(file);
  if (!handle) return;
  try {
    let offset = start;
    while (true) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(chunkSize), 0, chunkSize, offset);
      if (bytesRead === 0) return;
      offset += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function openIfThere(file: string) {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

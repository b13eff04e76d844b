import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from './errors.ts';

/** How much of the disk a file or folder takes; nothing for what is not there. Links are not followed. */
export async function folderBytes(path: string): Promise<number> {
  try {
    const stat = await lstat(path);
    if (!stat.isDirectory()) return stat.blocks * 512;
    let bytes = stat.blocks * 512;
    for (const name of await readdir(path)) bytes += await folderBytes(join(path, name));
    return bytes;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return 0;
    throw error;
  }
}

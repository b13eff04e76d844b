import { randomUUID } from 'node:crypto';
import { chmod, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemCodeOf } from './errors.ts';

/** Replaces a file whole or not at all, also when the power goes: temporary name, fsync, rename, fsync of the folder. */
export async function writeFileAtomically(
  path: string,
  content: string | Buffer,
  mode = 0o600,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  try {
    await writeFile(temporary, content, { mode, flush: true });
    // The umask may have taken something away.
    await chmod(temporary, mode);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Brings the names in a folder to the disk. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const temporaryName = /^\.(.+\.)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Removes the temporary files that a killed process has left in a folder, where nobody else may write now. */
export async function sweepTemporaries(folder: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return;
    throw error;
  }
  for (const name of names.filter((name) => temporaryName.test(name)))
    await rm(join(folder, name), { force: true });
}

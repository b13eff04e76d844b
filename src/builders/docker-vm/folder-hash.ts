import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

export interface FolderFile {
  /** Relative to the folder. */
  name: string;
  path: string;
  executable: boolean;
}

/** All files below a folder, sorted by name. */
export async function filesBelow(folder: string): Promise<FolderFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const found = await Promise.all(
    files.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      return { name: relative(folder, path), path, executable: ((await stat(path)).mode & 0o100) !== 0 };
    }),
  );
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A hash of names, modes and contents. */
export async function hashFiles(files: readonly FolderFile[]): Promise<string> {
  const hash = createHash('sha256');
  for (const { name, path, executable } of files) {
    const content = await readFile(path);
    hash.update(`${name}\0${executable}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

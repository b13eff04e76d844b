import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from './errors.ts';

const ignored =
  '# Made by Nexus Builder: keys, a token and builds. Nothing of it belongs in a repository or a source.\n*\n';

/** Makes a data folder that nobody else can read, and that ends up neither in a repository nor in a source. */
export async function makeDataFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    await writeFile(join(folder, '.gitignore'), ignored, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw error;
  }
}

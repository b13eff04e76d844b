import { execFile } from 'node:child_process';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { environmentForPrograms } from '../config.ts';
import { systemCodeOf } from '../errors.ts';

const run = promisify(execFile);

/** The file system monitor is a program that the repository names, and reading a source must run nothing of it. */
const command = [
  '-c',
  'core.fsmonitor=false',
  'ls-files',
  '--cached',
  '--others',
  '--exclude-standard',
  '-z',
];

/**
 * The files of a folder that git does not ignore, relative to it. Nothing when it is in no repository, when git
 * ignores all of it, or when a name is none that Node.js can say: then the folder itself is all there is to go by.
 */
export async function gitFiles(folder: string): Promise<string[] | undefined> {
  const listed = await list(folder);
  if (listed === undefined || listed.includes('\ufffd')) return undefined;
  const names = [...new Set(listed.split('\0').filter(Boolean))];
  const there = await Promise.all(names.map((name) => exists(join(folder, name))));
  // What was deleted and not committed is still listed.
  const files = names.filter((_, index) => there[index]);
  return files.length > 0 ? files : undefined;
}

async function list(folder: string): Promise<string | undefined> {
  try {
    const options = { env: environmentForPrograms(), maxBuffer: 256 * 1024 * 1024 };
    const { stdout } = await run('git', ['-C', folder, ...command], options);
    return stdout;
  } catch {
    // No git, no repository, or one that git does not trust.
    return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}

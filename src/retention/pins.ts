import { access, rm, writeFile } from 'node:fs/promises';
import { systemCodeOf } from '../errors.ts';
import type { BuildPaths } from '../paths.ts';

/** A pinned build is removed by nothing; an empty file in its folder says that it is one. */
export async function isPinned(paths: BuildPaths): Promise<boolean> {
  try {
    await access(paths.pinned);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Pinning what is pinned does nothing, and neither does the opposite. */
export async function setPinned(paths: BuildPaths, pinned: boolean): Promise<void> {
  if (pinned) await writeFile(paths.pinned, '', { mode: 0o600, flush: true });
  else await rm(paths.pinned, { force: true });
}

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { NexusError, systemCodeOf } from '../errors.ts';
import type { Artifact, Build } from './build.ts';
import { artifactsFolder } from './collect.ts';
import type { BuildStore } from './store.ts';

/** The newest build of this key that succeeded, if its artifacts are still where they were put, and untouched. */
export async function findReusable(
  store: BuildStore,
  key: string,
  artifacts: string,
): Promise<Build | undefined> {
  const id = store.succeeded(key);
  if (id === undefined) return undefined;
  try {
    const build = await store.get(id);
    const folder = join(artifacts, artifactsFolder(build));
    const untouched = await Promise.all(build.artifacts.map((artifact) => isUntouched(folder, artifact)));
    return build.artifacts.length > 0 && untouched.every(Boolean) ? build : undefined;
  } catch (error) {
    if (error instanceof NexusError && error.code === 'not-found') return undefined;
    throw error;
  }
}

/** Its sha256 was right when it was written, and a file that is written again has another time. */
async function isUntouched(folder: string, { name, bytes, modifiedAt }: Artifact): Promise<boolean> {
  try {
    const { size, mtime } = await stat(join(folder, name));
    return size === bytes && mtime.toISOString() === modifiedAt;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}

import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, systemCodeOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { DataPaths } from '../paths.ts';

export interface RemoveOptions {
  paths: DataPaths;
  /** Folder with one folder a build. */
  artifacts: string;
  logger: Logger;
}

/**
 * Removes a finished build. It is gone with the first step, a rename, whose new name says what else is to go; so
 * whoever finds that name finishes what was begun.
 */
export async function removeBuild(id: string, withArtifacts: boolean, options: RemoveOptions): Promise<void> {
  const removed = join(options.paths.builds, `.${id}.removed${withArtifacts ? '-all' : ''}`);
  await rename(options.paths.build(id).root, removed);
  await finishRemoval(removed, withArtifacts, options);
}

/** Finishes the removals that a crash has cut short. */
export async function finishRemovals(options: RemoveOptions): Promise<void> {
  const { paths, logger } = options;
  for (const name of await namesIn(paths.builds)) {
    const all = /^\.[a-z0-9-]+\.removed(-all)?$/.exec(name);
    if (!all) continue;
    await finishRemoval(join(paths.builds, name), all[1] !== undefined, options).catch((error) => {
      logger.warn('A removed build could not be cleared away', { name, why: messageOf(error) });
    });
  }
}

const record = z.object({ id: z.string(), request: z.object({ name: z.string() }) });

/** The record tells how the folder of artifacts is called, so it goes last. */
async function finishRemoval(removed: string, withArtifacts: boolean, { artifacts }: RemoveOptions) {
  if (withArtifacts) {
    const folder = await artifactsOf(join(removed, 'build.json'));
    if (folder !== undefined) await rm(join(artifacts, folder), { recursive: true, force: true });
  }
  await rm(removed, { recursive: true, force: true });
}

async function artifactsOf(file: string): Promise<string | undefined> {
  try {
    const { id, request } = record.parse(JSON.parse(await readFile(file, 'utf8')));
    return `${request.name}-${id}`;
  } catch (error) {
    // Most of it had gone before; what is left has no name any more.
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

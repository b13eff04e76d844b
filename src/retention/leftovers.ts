import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '../errors.ts';
import { folderBytes } from '../folder-bytes.ts';
import type { DataPaths } from '../paths.ts';
import { namesIn } from './remove-build.ts';

export interface LeftoverOptions {
  paths: DataPaths;
  artifacts: string;
  /** Whether there is an unfinished build of this id. */
  isUnfinished: (id: string) => boolean;
  /** Sources that a build here was made of. */
  usedSources: ReadonlySet<string>;
  now: number;
}

/** Something that nobody needs any more. */
export interface Leftover {
  kind: 'source' | 'leftover';
  path: string;
  name: string;
  bytes: number;
  why: string;
}

/** What is younger may be about to be used. */
const dayMs = 86_400_000;

const temporary = /^\..*[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** What builds have left here: sources that none was made of, and what a crash or a broken fetch left half done. */
export async function findLeftovers(options: LeftoverOptions): Promise<Leftover[]> {
  const found = [...(await sources(options)), ...(await temporaries(options)), ...(await fetches(options))];
  const old: Leftover[] = [];
  for (const leftover of found) {
    const age = options.now - (await modifiedAt(leftover.path));
    if (age > dayMs) old.push({ ...leftover, bytes: await folderBytes(leftover.path) });
  }
  return old;
}

/** Looks once more: a source that is used again has just been touched. */
export async function removeLeftover({ path }: Leftover, now: number): Promise<boolean> {
  if (now - (await modifiedAt(path)) <= dayMs) return false;
  await rm(path, { recursive: true, force: true });
  return true;
}

type Found = Omit<Leftover, 'bytes'>;

async function sources({ paths, usedSources }: LeftoverOptions): Promise<Found[]> {
  const files = (await namesIn(paths.sources)).filter((name) => /^[0-9a-f]{64}\.(tar|json)$/.test(name));
  return files
    .filter((name) => !usedSources.has(name.slice(0, 64)))
    .map((name) => ({
      ...{ kind: 'source', name, path: join(paths.sources, name), why: 'no build was made of it' },
    }));
}

async function temporaries({ paths }: LeftoverOptions): Promise<Found[]> {
  const found: Found[] = [];
  for (const folder of [paths.root, paths.sources]) {
    for (const name of await namesIn(folder)) {
      if (!temporary.test(name)) continue;
      found.push({ kind: 'leftover', name, path: join(folder, name), why: 'it was never finished' });
    }
  }
  return found;
}

async function fetches({ artifacts, isUnfinished }: LeftoverOptions): Promise<Found[]> {
  return (await namesIn(artifacts)).flatMap((name) => {
    const id = /^\.[A-Za-z0-9].*-(\d{8}-\d{6}-[0-9a-f]{4})\.part$/.exec(name)?.[1];
    if (id === undefined || isUnfinished(id)) return [];
    return [{ kind: 'leftover', name, path: join(artifacts, name), why: 'its build has ended' }];
  });
}

/** Milliseconds; the future for what has gone meanwhile. */
async function modifiedAt(path: string): Promise<number> {
  try {
    return (await lstat(path)).mtimeMs;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return Number.POSITIVE_INFINITY;
    throw error;
  }
}

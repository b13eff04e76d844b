import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isLeftOut } from './left-out.ts';

/** A file that changed so recently may change again without a later time to tell it by. */
const settledMs = 2000n;

export interface FingerprintOptions {
  /** The folder itself, not a link to it. */
  folder: string;
  /** What of it counts, relative to it: files, links and folders. */
  entries: readonly string[];
  /** Files from anywhere. */
  extras: readonly string[];
}

/**
 * Says whether files are still what they were without reading them: a hash of where each lies, and of its size, times,
 * mode and inode. The time of the last change of an inode cannot be set by programs, so no edit goes unseen. Nothing
 * when a file has only just changed, or will have.
 */
export async function fingerprintOf({
  folder,
  entries,
  extras,
}: FingerprintOptions): Promise<string | undefined> {
  const hash = createHash('sha256').update(JSON.stringify([hostname(), folder, extras]));
  const before = (BigInt(Date.now()) - settledMs) * 1_000_000n;
  let settled = true;
  const add = (path: string, stats: BigIntStats) => {
    settled &&= stats.ctimeNs < before && stats.mtimeNs < before;
    hash.update(`${describe(path, stats)}\n`);
  };
  const addAll = async (path: string) => {
    const stats = await lstat(path, { bigint: true });
    add(path, stats);
    if (!stats.isDirectory()) return;
    const paths = (await readdir(path)).sort().map((name) => join(path, name));
    for (const inner of paths) if (!isLeftOut(inner)) await addAll(inner);
  };
  for (const entry of [...entries].sort()) await addAll(join(folder, entry));
  for (const path of extras) add(path, await stat(path, { bigint: true }));
  return settled ? hash.digest('hex') : undefined;
}

const describe = (path: string, { dev, ino, mode, size, mtimeNs, ctimeNs }: BigIntStats) =>
  JSON.stringify([path, ...[dev, ino, mode, size, mtimeNs, ctimeNs].map(String)]);

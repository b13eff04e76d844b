import type { Keep } from '../limits.ts';

/** A build as far as keeping it is concerned. */
export interface KeptBuild {
  id: string;
  /** When it ended, in milliseconds; null while it has not. */
  finishedAt: number | null;
  /** What it takes of the disk. */
  bytes: number;
  pinned: boolean;
}

export interface Goes {
  id: string;
  /** For people. */
  why: string;
}

const dayMs = 86_400_000;

/**
 * Which builds go, oldest first. Pure: a table test has every case.
 * What has not ended and what is pinned never goes, and does not count among the builds to keep; its bytes do count,
 * since it is the disk that is meant.
 */
export function decideBuilds(builds: readonly KeptBuild[], keep: Keep, now: number): Goes[] {
  const mayGo = builds
    .filter(({ pinned }) => !pinned)
    .flatMap((build) => (build.finishedAt === null ? [] : [{ ...build, finishedAt: build.finishedAt }]))
    .sort((a, b) => a.finishedAt - b.finishedAt || a.id.localeCompare(b.id));
  let left = mayGo.length;
  let bytes = builds.reduce((sum, build) => sum + build.bytes, 0);
  const goes: Goes[] = [];
  for (const build of mayGo) {
    const why = reason({ age: now - build.finishedAt, left, bytes }, keep);
    if (why === undefined) continue;
    goes.push({ id: build.id, why });
    left -= 1;
    bytes -= build.bytes;
  }
  return goes;
}

function reason(is: { age: number; left: number; bytes: number }, { days, builds, bytes }: Keep) {
  if (days !== null && is.age > days * dayMs) return `it ended more than ${days} days ago`;
  if (builds !== null && is.left > builds) return `there are more than ${builds} builds`;
  if (bytes !== null && is.bytes > bytes) return 'all builds together take more than they may';
  return undefined;
}

export interface BuilderFolder {
  name: string;
  /** When the build in it ended, by the builder's clock, in seconds. */
  finishedAt: number;
  bytes: number;
}

/** How long the folder of a build stays on the builder, in seconds: for a look at what failed, or a fetch by hand. */
const ownFolderSeconds = 86_400;
const strangeFolderSeconds = 7 * 86_400;

/** Which folders of builds go from the builder, where only such are given that have ended. */
export function decideFolders(
  folders: readonly BuilderFolder[],
  now: number,
  stateOf: (folder: string) => 'unfinished' | 'finished' | 'unknown',
): BuilderFolder[] {
  return folders.filter(({ name, finishedAt }) => {
    const state = stateOf(name);
    if (state === 'unfinished') return false;
    return now - finishedAt > (state === 'finished' ? ownFolderSeconds : strangeFolderSeconds);
  });
}

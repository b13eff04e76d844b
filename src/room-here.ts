import { statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatBytes } from './amounts.ts';
import { isDiskFull, messageOf, NexusError, systemCodeOf } from './errors.ts';

export interface RoomHereOptions {
  /** What has to be free where. */
  needed: readonly { folder: string; bytes: number }[];
  timeoutMs: number;
  /** Told why it waits; null when it waits no longer. */
  onWaiting: (reason: string | null) => unknown;
  signal: AbortSignal;
}

const pollMs = 2000;

/**
 * Returns when the folders have room.
 * @throws {NexusError} `disk-full` when nobody has made room in time.
 */
export async function waitForRoomHere(options: RoomHereOptions): Promise<void> {
  const { needed, timeoutMs, onWaiting, signal } = options;
  const until = Date.now() + timeoutMs;
  for (let told = ''; ; ) {
    const reason = await lackHere(needed);
    if (reason === undefined) {
      if (told) await onWaiting(null);
      return;
    }
    if (Date.now() >= until) {
      throw new NexusError('disk-full', `There is too little room here: ${reason}`, {
        hint: 'Make room on that disk, or let `nexus gc` do it, and build again: what Nix still has is not built anew.',
      });
    }
    if (told !== reason) await onWaiting(reason);
    told = reason;
    await sleep(Math.min(pollMs, timeoutMs), undefined, { signal });
  }
}

async function lackHere(needed: RoomHereOptions['needed']): Promise<string | undefined> {
  for (const { folder, bytes } of needed) {
    const free = await freeIn(folder);
    if (free < bytes)
      return `${formatBytes(free)} are free in ${folder}, and this build needs ${formatBytes(bytes)}`;
  }
  return undefined;
}

/** A folder that the user has removed meanwhile is made anew by whoever writes to it. */
async function freeIn(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return Number.POSITIVE_INFINITY;
    throw error;
  }
}

/** Does the work; when a disk here gets full over it, waits for room and does it again. */
export async function withRoomHere<T>(work: () => Promise<T>, options: RoomHereOptions): Promise<T> {
  let until: number | undefined;
  while (true) {
    await waitForRoomHere(options);
    try {
      return await work();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      until ??= Date.now() + options.timeoutMs;
      // A quota or a lack of inodes shows in no number of free bytes.
      if (Date.now() >= until) {
        throw new NexusError('disk-full', `A disk here is full: ${messageOf(error)}`, { cause: error });
      }
      await options.onWaiting(`a disk here is full: ${messageOf(error)}`);
      await sleep(Math.min(pollMs, options.timeoutMs), undefined, { signal: options.signal });
    }
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { formatBytes } from '../amounts.ts';
import type { StartedBuilder } from '../builders/builder.ts';
import { NexusError } from '../errors.ts';
import type { RoomNeeded } from '../limits.ts';
import { runChecked } from '../transport/run-checked.ts';
import type { BuildRequest } from './request.ts';

/** What is free on a builder now. */
export interface BuilderRoom {
  /** Bytes on the fullest of its disks that a build writes to. */
  disk: number;
  /** Bytes of memory that programs could have. */
  memory: number;
  /** How many processes the kernel has killed for want of memory since it booted. */
  oomKills: number;
}

/** One program for everything, because each one costs a second in an emulated VM. */
const measureScript = `df -B1 --output=avail -- "$1" /nix/store 2>/dev/null
sed -n 's/^MemAvailable: */memory /p' /proc/meminfo
sed -n 's/^oom_kill /kills /p' /proc/vmstat
exit 0`;

export async function measureRoom(
  { transport, pipe }: Pick<StartedBuilder, 'transport' | 'pipe'>,
  signal?: AbortSignal,
): Promise<BuilderRoom> {
  const command = ['sh', '-c', measureScript, 'sh', pipe.root] as const;
  return parseRoom(await runChecked(transport, command, signal ? { signal } : {}));
}

/** What cannot be measured is no hindrance. */
export function parseRoom(text: string): BuilderRoom {
  const disks = [...text.matchAll(/^\s*(\d+)$/gm)].map(([, bytes]) => Number(bytes));
  const memory = /^memory (\d+) kB$/m.exec(text)?.[1];
  const kills = /^kills (\d+)$/m.exec(text)?.[1];
  return {
    disk: Math.min(Number.POSITIVE_INFINITY, ...disks),
    memory: memory === undefined ? Number.POSITIVE_INFINITY : Number(memory) * 1024,
    oomKills: Number(kills ?? 0),
  };
}

export interface Lack {
  what: 'disk' | 'memory';
  /** For people. */
  reason: string;
  /** Bytes that are missing. */
  bytes: number;
}

/** What a builder has too little of; nothing when a build may begin. */
export function lackOn(room: BuilderRoom, request: Pick<BuildRequest, 'kind'>, needed: RoomNeeded) {
  const isImage = request.kind === 'image' || request.kind === 'flake-image';
  const disk = isImage ? needed.builder : needed.builder / 10;
  return (
    lack('disk', room.disk, disk, 'of disk are free on the builder') ??
    lack('memory', room.memory, needed.memory, 'of memory are free on the builder')
  );
}

function lack(what: Lack['what'], is: number, needed: number, where: string): Lack | undefined {
  if (is >= needed) return undefined;
  const reason = `${formatBytes(is)} ${where}, and this build needs ${formatBytes(needed)}`;
  return { what, reason, bytes: needed - is };
}

export interface WaitForRoomOptions {
  builder: StartedBuilder;
  request: BuildRequest;
  needed: RoomNeeded;
  /** Whether somebody else may free what is missing. */
  mayChange: () => boolean;
  /** Has the builder free what nobody needs. */
  collect: (bytes: number) => Promise<void>;
  /** Told why the build waits; null when it waits no longer. */
  onWaiting: (reason: string | null) => Promise<unknown>;
  signal: AbortSignal;
}

const pollMs = 3000;

/**
 * Returns when the builder has room for a build, and with how much.
 * @throws {NexusError} `disk-full` or `out-of-memory` when nothing frees enough in time.
 */
export async function waitForBuilderRoom(options: WaitForRoomOptions): Promise<BuilderRoom> {
  const { builder, request, needed, signal, onWaiting } = options;
  const until = Date.now() + needed.timeoutMs;
  let [collected, told] = [false, ''];
  while (true) {
    const room = await measureRoom(builder, signal);
    const missing = lackOn(room, request, needed);
    if (!missing) {
      if (told) await onWaiting(null);
      return room;
    }
    if (missing.what === 'disk' && !collected) {
      collected = true;
      await onWaiting(`collecting garbage: ${missing.reason}`);
      await options.collect(missing.bytes);
      told = missing.reason;
      continue;
    }
    if (Date.now() > until || !options.mayChange()) throw tooLittle(missing);
    if (told !== missing.reason) await onWaiting(missing.reason);
    told = missing.reason;
    await sleep(Math.min(pollMs, needed.timeoutMs), undefined, { signal });
  }
}

function tooLittle({ what, reason }: Lack): NexusError {
  if (what === 'memory') {
    return new NexusError('out-of-memory', `The builder has too little memory: ${reason}`, {
      hint: 'Give it more with NEXUS_VM_MEMORY, or ask for less with NEXUS_ROOM_MEMORY.',
    });
  }
  return new NexusError('disk-full', `The disk of the builder is full: ${reason}`, {
    hint: 'Give it more with NEXUS_VM_DISK, free some with `nexus gc`, or ask for less with NEXUS_ROOM_BUILDER.',
  });
}

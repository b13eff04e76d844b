import { type ErrorCode, NexusError, systemCodeOf } from '../errors.ts';
import type { Build } from './build.ts';

export interface Circumstances {
  build: Build;
  /** The builder was ready before it went wrong. */
  reached: boolean;
  /** How often it has gone wrong at this point of the build. */
  tries: number;
  /** The build was accepted by an earlier orchestrator. */
  inherited: boolean;
  cancelled: boolean;
}

/** What passes by itself: the builder comes back, a disk gets room. */
const passing: readonly ErrorCode[] = [
  'builder-lost',
  'connection-lost',
  'connection-failed',
  'watcher-failed',
  'pipe-timeout',
  'record-failed',
];

/** A new build whose builder falls so often while it starts will not be built here. */
const mostStarts = 3;
/** So often the builder is asked to end a cancelled build before we stop waiting for its word. */
const mostEnds = 5;
/** So often a script is sent to a watcher that does not answer. */
const mostSends = 3;
const firstPauseMs = 500;
const longestPauseMs = 30_000;

/**
 * How long to wait before a build that was hindered is tried again; nothing when it has ended.
 * Pure: a table test has every case.
 */
export function pauseAfter(error: unknown, circumstances: Circumstances): number | undefined {
  const { build, reached, tries, inherited, cancelled } = circumstances;
  const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** (tries - 1));
  const mayRun = build.state === 'preparing' || build.state === 'building';
  if (cancelled) return mayRun && reached && passes(error, build) && tries <= mostEnds ? pause : undefined;
  if (reached) return passes(error, build) && !(ignored(error) && tries >= mostSends) ? pause : undefined;
  // The builder cannot be had. Whoever has just submitted a build can do something about that and shall be told;
  // a build that is under way, or that waits since before a restart, has time.
  if (mayRun || build.state === 'collecting' || inherited) return pause;
  return passes(error, build) && tries < mostStarts ? pause : undefined;
}

const ignored = (error: unknown) => error instanceof NexusError && error.code === 'pipe-timeout';

function passes(error: unknown, { state }: Build): boolean {
  if (error instanceof NexusError) return passing.includes(error.code);
  // Our own disk: what is fetched to it is told apart, since it may never fit.
  return state !== 'collecting' && ['ENOSPC', 'EDQUOT', 'EIO'].includes(systemCodeOf(error) ?? '');
}

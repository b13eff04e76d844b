import type { Eta } from './schema.ts';

export interface Remaining {
  /** Names of the derivations that have not begun. */
  waiting: readonly string[];
  running: readonly { name: string; seconds: number | null }[];
  /** Bytes still to fetch, and how many came each second so far. */
  bytes: number;
  bytesPerSecond: number;
  /** How many derivations were built at a time. */
  atOnce: number;
}

/** Seconds that earlier builds of a derivation took, if there were any. */
export type Past = (name: string) => readonly number[];

/**
 * How long what remains will take, judged by the quartiles of earlier builds; nothing when one of the derivations
 * was never built here, or nothing remains.
 */
export function estimate(
  { waiting, running, bytes, bytesPerSecond, atOnce }: Remaining,
  past: Past,
): Eta | null {
  const low: number[] = [];
  const high: number[] = [];
  for (const { name, seconds } of [...running, ...waiting.map((name) => ({ name, seconds: 0 }))]) {
    const times = past(name);
    if (times.length === 0 || seconds === null) return null;
    low.push(Math.max(0, quantile(times, 0.25) - seconds));
    high.push(Math.max(0, quantile(times, 0.75) - seconds));
  }
  if (low.length === 0 && bytes <= 0) return null;
  if (bytes > 0 && bytesPerSecond <= 0) return null;
  const fetching = bytes > 0 ? bytes / bytesPerSecond : 0;
  return {
    low: Math.round(fetching + together(low, atOnce)),
    high: Math.ceil(1.5 * fetching + together(high, atOnce)),
  };
}

/** Work side by side takes as long as its longest piece, or as all of it shared out, whichever is more. */
function together(seconds: readonly number[], atOnce: number): number {
  const sum = seconds.reduce((total, value) => total + value, 0);
  return Math.max(0, ...seconds, sum / Math.max(1, atOnce));
}

/** By linear interpolation between the two nearest values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(at)] ?? 0, sorted[Math.ceil(at)] ?? 0];
  return below + (above - below) * (at - Math.floor(at));
}

/** One way to do a thing; returns how much of the unit it took. */
export interface Contender {
  name: string;
  sample: () => Promise<number>;
}

export interface Comparison {
  /** What is compared, for people. */
  figure: string;
  unit: string;
  /** Whether more of the unit is better. */
  better: 'more' | 'less';
  /** What we want to reach, in words. */
  goal: string | null;
  /** Medians; ours first. */
  results: { name: string; median: number; samples: number[] }[];
}

export interface BenchOptions {
  /** Sizes and rounds that take seconds: to see that it works, not how fast it is. */
  small: boolean;
}

export interface BenchCase {
  name: string;
  /** What keeps this machine from running it, if anything does. */
  missing?: () => Promise<string | undefined>;
  run: (options: BenchOptions) => AsyncIterable<Comparison>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN, sorted[middle] ?? Number.NaN];
  return (low + high) / 2;
}

/** The value that 99 of 100 do not exceed. */
export function percentile99(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN;
}

/** Samples all contenders in turn, round after round, so that what else the machine does hits all of them alike. */
export async function interleave(
  rounds: number,
  contenders: readonly Contender[],
): Promise<Comparison['results']> {
  const samples = contenders.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, { sample }] of contenders.entries()) samples[index]?.push(await sample());
  }
  return contenders.map(({ name }, index) => ({
    name,
    median: median(samples[index] ?? []),
    samples: samples[index] ?? [],
  }));
}

/** Says what could not be measured here, and why; on CI everything has to be there. */
export function leaveOut(what: string, why: string): void {
  console.error(`${what} left out: ${why}`);
  if (process.env.CI) process.exitCode = 1;
}

/** How long it takes, in seconds. */
export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1e9;
}

import fc from 'fast-check';
import { seed, soak } from '../seed.ts';

/** Tries a property so many times, times the soak; a failure tells the smallest case that was found. */
export async function check<T>(
  runs: number,
  arbitrary: fc.Arbitrary<T>,
  property: (value: T) => void | Promise<void>,
  /** Always tried. */
  corpus: readonly T[] = [],
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(arbitrary, async (value) => {
      await property(value);
    }),
    { seed, numRuns: runs * soak + corpus.length, examples: corpus.map((value) => [value]) },
  );
}

import { randomInt } from 'node:crypto';

/** What decides everything random in this suite: NEXUS_TEST_SEED repeats a run. */
export const seed = wholeNumber('NEXUS_TEST_SEED') ?? randomInt(2 ** 31);

/** NEXUS_TEST_SOAK multiplies the rounds, for a long run. */
export const soak = Math.max(1, wholeNumber('NEXUS_TEST_SOAK') ?? 1);

console.log(`  NEXUS_TEST_SEED=${seed} NEXUS_TEST_SOAK=${soak}`);

// As many rounds take as much longer.
beforeEach(function () {
  this.currentTest?.timeout(soak * this.currentTest.timeout());
});

/** Numbers that look random and are the same for the same seed and name, in whatever order files run (mulberry32). */
export class Random {
  #state: number;

  constructor(name: string) {
    this.#state = [...name].reduce(
      (state, letter) => Math.imul(state, 31) + (letter.codePointAt(0) ?? 0),
      seed,
    );
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  of<T>(choices: readonly T[]): T {
    const choice = choices[this.between(0, choices.length - 1)];
    if (choice === undefined) throw new Error('nothing to choose from');
    return choice;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.between(0, 255)));
  }
}

function wholeNumber(name: string): number | undefined {
  const text = process.env[name];
  if (!text) return undefined;
  if (!/^[0-9]+$/.test(text)) throw new Error(`${name}=${text} is no whole number`);
  return Number(text);
}

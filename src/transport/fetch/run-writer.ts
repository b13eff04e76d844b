import { writeSync } from 'node:fs';
import type { Extent } from './extents.ts';

/** What is written at once: it stays in the processor's own cache until then. */
const bufferBytes = 256 * 1024;

/** A part of a block. */
interface Part extends Extent {
  /** The block that is whole once this is written. */
  completes: number | undefined;
}

/**
 * Writes the bytes of one connection to their places in a file, as they come. It blocks: a disk that is slower than
 * the line then slows the line, and nothing has to be kept meanwhile.
 */
export class RunWriter {
  readonly #file: number;
  readonly #onBlock: (block: number) => void;
  readonly #expected: Part[] = [];
  readonly #buffer = Buffer.allocUnsafeSlow(bufferBytes);
  #filled = 0;

  /** @param onBlock called with every block that is written. */
  constructor(file: number, onBlock: (block: number) => void) {
    this.#file = file;
    this.#onBlock = onBlock;
  }

  /** What comes next is the data of this block. */
  expect(block: number, data: readonly Extent[]): void {
    for (const [index, { offset, length }] of data.entries()) {
      this.#expected.push({ offset, length, completes: index === data.length - 1 ? block : undefined });
    }
  }

  /** @throws the system's error when the disk takes no more. */
  take(bytes: Buffer): void {
    for (let taken = 0; taken < bytes.length; ) {
      const part = this.#expected[0];
      if (!part) throw new Error('more has arrived than was expected');
      const length = Math.min(bytes.length - taken, part.length - this.#filled, bufferBytes - this.#filled);
      this.#buffer.set(bytes.subarray(taken, taken + length), this.#filled);
      this.#filled += length;
      taken += length;
      if (this.#filled === part.length || this.#filled === bufferBytes) this.#write(part);
    }
  }

  #write(part: Part): void {
    for (let written = 0; written < this.#filled; ) {
      written += writeSync(this.#file, this.#buffer, written, this.#filled - written, part.offset + written);
    }
    part.offset += this.#filled;
    part.length -= this.#filled;
    this.#filled = 0;
    if (part.length > 0) return;
    this.#expected.shift();
    if (part.completes !== undefined) this.#onBlock(part.completes);
  }
}

import { StringDecoder } from 'node:string_decoder';

/** A longer line is cut here: no line of a build may fill the memory. */
export const longestLine = 1024 * 1024;

/** Cuts a byte stream into lines, with memory for one line at most. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';
  /** The line is too long, and what is left of it is passed over. */
  #skipping = false;

  /** @returns the lines that these bytes complete, without their newlines. */
  push(chunk: Buffer): string[] {
    const lines = this.#decoder.write(chunk).split('\n');
    const last = lines.pop() ?? '';
    if (lines.length === 0) {
      this.#keep(last);
      return [];
    }
    this.#keep(lines[0] ?? '');
    lines[0] = this.#rest;
    this.#rest = '';
    this.#skipping = false;
    this.#keep(last);
    return lines;
  }

  /** @returns what came after the last newline, if anything did. */
  end(): string[] {
    this.#keep(this.#decoder.end());
    const rest = this.#rest;
    this.#rest = '';
    return rest === '' ? [] : [rest];
  }

  #keep(part: string): void {
    if (this.#skipping) return;
    this.#rest += part.slice(0, longestLine - this.#rest.length);
    this.#skipping = this.#rest.length >= longestLine;
  }
}

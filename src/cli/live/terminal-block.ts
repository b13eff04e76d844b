import { LineSplitter } from '../../progress/line-splitter.ts';
import { type HiddenCursor, hideCursor } from './cursor.ts';
import { widthOf } from './fit-line.ts';

/** Quick enough to seem alive, slow enough to be calm. */
const frameMs = 100;

/** Clocks go on without news. */
const clockMs = 1000;

export interface Size {
  columns: number;
  rows: number;
}

/**
 * A few lines at the end of a terminal that are drawn again in their place, below text that stays.
 *
 * INVARIANT: each frame is one write, at most ten a second, and leaves the cursor at the end of the last line.
 */
export class TerminalBlock implements Disposable {
  readonly #out: NodeJS.WriteStream;
  readonly #lines: (size: Size) => string[];
  readonly #cursor: HiddenCursor;
  readonly #clock: NodeJS.Timeout;
  readonly #splitter = new LineSplitter();
  #drawn: string[] = [];
  #above: string[] = [];
  #frame: NodeJS.Timeout | undefined;

  /** `lines` gives what is to be seen now; no line may be wider than the terminal. */
  constructor(out: NodeJS.WriteStream, lines: (size: Size) => string[]) {
    this.#out = out;
    this.#lines = lines;
    this.#cursor = hideCursor(
      out,
      () => this.#clear(),
      () => this.#draw(),
    );
    this.#clock = setInterval(() => this.update(), clockMs);
    out.on('resize', this.#onResize);
  }

  /** There is something new to see. */
  update(): void {
    this.#frame ??= setTimeout(() => this.#draw(), frameMs);
  }

  /** Text that stays, above the block; a line is shown when it is whole. */
  print(chunk: Buffer): void {
    this.#above.push(...this.#splitter.push(chunk));
    this.update();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#clock);
    this.#out.off('resize', this.#onResize);
    this.#above.push(...this.#splitter.end());
    this.#cursor[Symbol.dispose]();
    clearTimeout(this.#frame);
  }

  readonly #onResize = () => this.update();

  #size(): Size {
    return { columns: this.#out.columns || 80, rows: this.#out.rows || 24 };
  }

  #draw(): void {
    clearTimeout(this.#frame);
    this.#frame = undefined;
    const size = this.#size();
    const lines = this.#lines(size).slice(0, Math.max(1, size.rows - 1));
    if (this.#above.length === 0 && same(lines, this.#drawn)) return;
    this.#write(lines, size);
  }

  /** Takes the block away; the text above stays. */
  #clear(): void {
    this.#write([], this.#size());
  }

  #write(lines: string[], { columns }: Size): void {
    const above = this.#above.map((line) => `${line}\u001b[0m\u001b[K\n`).join('');
    const block = lines.map((line) => `${line}\u001b[K`).join('\n');
    this.#out.write(`${this.#toStart(columns)}${above}${block}\u001b[J`);
    this.#above = [];
    this.#drawn = lines;
  }

  /** A terminal that was made narrower has wrapped what was drawn. */
  #toStart(columns: number): string {
    const rows = this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
    return rows > 1 ? `\r\u001b[${rows - 1}A` : '\r';
  }
}

function same(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((line, index) => line === right[index]);
}

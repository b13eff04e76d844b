import { AnsiReader } from './ansi.ts';
import type { NewLines } from './log-lines.ts';
import { nodeOf } from './segment-node.ts';

const linesPerChunk = 500;
/** More than this is for an editor; the first lines make room. */
const mostLines = 400_000;

interface Chunk {
  element: HTMLElement;
  code: HTMLElement;
  gutter: HTMLElement;
  first: number;
  lines: number;
}

/**
 * The lines of a log in the document. They lie in chunks that the browser lays out only when they are near the
 * screen (`content-visibility`), so that a hundred thousand lines scroll like ten, and its own search finds them all.
 */
export class LogView {
  readonly element = make('div', 'log-lines');
  readonly #tail = make('pre', 'log-tail');
  readonly #chunks: Chunk[] = [];
  readonly #ansi = new AnsiReader();
  #pending: string[] = [];
  #tailText = '';
  #isDue = false;
  #total = 0;
  readonly #onDraw: () => void;

  /** `onDraw` is called after lines have come into the document. */
  constructor(onDraw: () => void) {
    this.#onDraw = onDraw;
    this.element.append(this.#tail);
  }

  /** Lines so far. */
  get total(): number {
    return this.#total + this.#pending.length;
  }

  /** Lines at the beginning that are not shown any more. */
  get dropped(): number {
    return (this.#chunks[0]?.first ?? 1) - 1;
  }

  get chunks(): readonly HTMLElement[] {
    return this.#chunks.map(({ code }) => code);
  }

  append({ lines, tail }: NewLines): void {
    for (const line of lines) this.#pending.push(line);
    this.#tailText = tail;
    if (this.#isDue) return;
    this.#isDue = true;
    // Not a frame: those do not come while the page lies in the background.
    setTimeout(() => this.#draw(), 30);
  }

  #draw(): void {
    this.#isDue = false;
    let lines = this.#pending;
    this.#pending = [];
    while (lines.length > 0) {
      const chunk = this.#openChunk();
      const room = linesPerChunk - chunk.lines;
      this.#fill(chunk, lines.slice(0, room));
      lines = lines.slice(room);
    }
    this.#tail.replaceChildren(...this.#ansi.copy().read(this.#tailText).map(nodeOf));
    while (this.#total - this.dropped > mostLines) this.#chunks.shift()?.element.remove();
    this.#onDraw();
  }

  #openChunk(): Chunk {
    const last = this.#chunks.at(-1);
    if (last && last.lines < linesPerChunk) return last;
    const chunk = {
      element: make('div', 'log-chunk'),
      gutter: make('pre', 'log-gutter'),
      code: make('pre', 'log-code'),
      first: this.#total + 1,
      lines: 0,
    };
    chunk.gutter.ariaHidden = 'true';
    chunk.element.append(chunk.gutter, chunk.code);
    this.#chunks.push(chunk);
    this.element.insertBefore(chunk.element, this.#tail);
    return chunk;
  }

  #fill(chunk: Chunk, lines: readonly string[]): void {
    const segments = this.#ansi.read(lines.map((line) => `${line}\n`).join(''));
    chunk.code.append(...segments.map(nodeOf));
    const numbers = lines.map((_, index) => `${chunk.first + chunk.lines + index}\n`).join('');
    chunk.gutter.append(numbers);
    chunk.lines += lines.length;
    this.#total += lines.length;
    // How high it will be is known before it is laid out; where lines wrap it is a good guess.
    chunk.element.style.containIntrinsicBlockSize = `auto calc(${chunk.lines} * var(--log-line))`;
  }
}

function make(tag: string, className: string): HTMLElement {
  const element = document.createElement(tag);
  element.className = className;
  return element;
}

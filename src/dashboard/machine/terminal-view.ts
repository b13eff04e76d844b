import { nodeOf } from '../log/segment-node.ts';
import { TerminalGrid } from './terminal-grid.ts';

const drawMs = 30;

/** A serial console in the document: only the rows that have changed are drawn anew. */
export class TerminalView {
  readonly element: HTMLElement = document.createElement('div');
  readonly #onDraw: () => void;
  #grid = new TerminalGrid();
  #cursorRow = 0;
  #isDue = false;
  #isEmpty = true;

  /** `onDraw` is called after something has come into the document. */
  constructor(onDraw: () => void) {
    this.#onDraw = onDraw;
    this.element.className = 'serial-rows';
  }

  get isApplicationMode(): boolean {
    return this.#grid.isApplicationMode;
  }

  /** Whether nothing has been printed that can be seen. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  write(text: string): void {
    this.#grid.write(text);
    if (this.#isDue) return;
    this.#isDue = true;
    // Not a frame: those do not come while the page lies in the background.
    setTimeout(() => this.#draw(), drawMs);
  }

  /** Begins with nothing, for a line that tells everything from its beginning. */
  clear(): void {
    this.#grid = new TerminalGrid();
    this.#cursorRow = 0;
    this.#isEmpty = true;
    this.element.replaceChildren();
  }

  #draw(): void {
    this.#isDue = false;
    const { dropped, from } = this.#grid.takeChanges();
    for (let count = 0; count < dropped; count += 1) this.element.firstElementChild?.remove();
    while (this.element.childElementCount > this.#grid.rows) this.element.lastElementChild?.remove();
    const last = Math.max(0, this.#cursorRow - dropped);
    this.#cursorRow = this.#grid.cursor.row;
    for (const row of new Set([last, this.#cursorRow])) if (row < from) this.#drawRow(row);
    for (let row = from; row < this.#grid.rows; row += 1) this.#drawRow(row);
    if (this.#isEmpty) this.#isEmpty = this.element.textContent?.trim() === '';
    this.#onDraw();
  }

  #drawRow(row: number): void {
    while (this.element.childElementCount <= row) {
      const line = document.createElement('div');
      line.className = 'serial-row';
      this.element.append(line);
    }
    const nodes = this.#grid.segments(row, 'serial-cursor').map(nodeOf);
    this.element.children[row]?.replaceChildren(...nodes);
  }
}

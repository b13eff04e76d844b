import { AnsiReader, type Segment } from '../log/ansi.ts';
import { TerminalReader } from './terminal-reader.ts';

/** How a character looks; those that were printed together share it. */
type Look = Omit<Segment, 'text'>;

interface Cell {
  character: string;
  look: Look;
}

/** What has to be drawn anew. */
export interface Changes {
  /** Rows at the beginning that are not kept any more. */
  dropped: number;
  /** The first row that has changed, counted among those that are kept. */
  from: number;
}

/** What a serial console takes a terminal for that does not say otherwise. */
const columns = 80;
const height = 24;
/** More rows than this are in the file that the orchestrator keeps. */
const mostRows = 2000;

const blank: Cell = { character: ' ', look: { classes: [] } };

/**
 * What a guest has printed on its serial console, as a terminal shows it: the last rows are the screen, on which it
 * may write anywhere; those above are the past. It knows what boot loaders, kernels, shells and editors of lines use.
 */
export class TerminalGrid {
  readonly #rows: Cell[][] = [[]];
  readonly #reader = new TerminalReader();
  readonly #ansi = new AnsiReader();
  /** The row that is the first of the screen. */
  #top = 0;
  #row = 0;
  #column = 0;
  #saved = { row: 0, column: 0 };
  #dropped = 0;
  #dirtyFrom = 0;
  #isApplicationMode = false;

  /** Whether cursor keys are to be sent as an application wants them. */
  get isApplicationMode(): boolean {
    return this.#isApplicationMode;
  }

  get rows(): number {
    return this.#rows.length;
  }

  get cursor(): { row: number; column: number } {
    return { row: this.#row, column: Math.min(this.#column, columns - 1) };
  }

  write(text: string): void {
    for (const token of this.#reader.read(text)) {
      if (token.type === 'text') this.#print(token.text);
      else if (token.type === 'control') this.#control(token.code);
      else if (token.type === 'escape') this.#escape(token.final);
      else if (token.final === 'm') this.#ansi.read(`\x1b[${token.parameters}m`);
      else this.#sequence(token.final, token.parameters);
    }
  }

  takeChanges(): Changes {
    const changes = { dropped: this.#dropped, from: this.#dirtyFrom };
    this.#dropped = 0;
    this.#dirtyFrom = this.#rows.length;
    return changes;
  }

  /** A row in pieces of one look each; the cursor, where it is asked for, is a piece of its own. */
  segments(row: number, cursorClass?: string): Segment[] {
    const cells = this.#rows[row] ?? [];
    const marked = cursorClass !== undefined && row === this.#row ? this.cursor.column : -1;
    const shown = [...cells];
    while (shown.length <= marked) shown.push(blank);
    const segments: Segment[] = [];
    let last: Look | undefined;
    for (const [column, { character, look }] of shown.entries()) {
      if (column === marked) {
        segments.push({ ...look, classes: [...look.classes, cursorClass ?? ''], text: character });
        last = undefined;
        continue;
      }
      const segment = segments.at(-1);
      if (segment && last === look) segment.text += character;
      else segments.push({ ...look, text: character });
      last = look;
    }
    return segments;
  }

  #print(text: string): void {
    const { text: _, ...look } = this.#ansi.read(text)[0] ?? { classes: [] };
    for (const character of text) {
      if (this.#column >= columns) {
        this.#column = 0;
        this.#lineFeed();
      }
      this.#line()[this.#column] = { character, look };
      this.#column += 1;
    }
  }

  #control(code: string): void {
    if (code === '\r') this.#column = 0;
    else if (code === '\n' || code === '\v' || code === '\f') this.#lineFeed();
    else if (code === '\b') this.#column = Math.max(0, this.#column - 1);
    else if (code === '\t') this.#column = Math.min(columns - 1, (Math.floor(this.#column / 8) + 1) * 8);
  }

  #escape(final: string): void {
    if (final === '7') this.#saved = { row: this.#row - this.#top, column: this.#column };
    else if (final === '8') this.#goTo(this.#saved.row, this.#saved.column);
    else if (final === 'D') this.#lineFeed();
    else if (final === 'E') this.#goTo(this.#row - this.#top + 1, 0);
    else if (final === 'M') this.#goTo(this.#row - this.#top - 1, this.#column);
    else if (final === 'c') this.#reset();
  }

  #sequence(final: string, parameters: string): void {
    const given = parameters.split(';').map((each) => Number(each) || 0);
    const count = Math.max(1, given[0] ?? 1);
    const row = this.#row - this.#top;
    if (final === 'A') this.#goTo(row - count, this.#column);
    else if (final === 'B' || final === 'e') this.#goTo(row + count, this.#column);
    else if (final === 'C' || final === 'a') this.#goTo(row, this.#column + count);
    else if (final === 'D') this.#goTo(row, Math.min(this.#column, columns - 1) - count);
    else if (final === 'G' || final === '`') this.#goTo(row, count - 1);
    else if (final === 'd') this.#goTo(count - 1, this.#column);
    else if (final === 'H' || final === 'f') this.#goTo(count - 1, Math.max(1, given[1] ?? 1) - 1);
    else if (final === 'J') this.#erase(given[0] ?? 0);
    else if (final === 'K') this.#eraseLine(given[0] ?? 0);
    else if (final === 'P') this.#line().splice(this.#column, count);
    else if (final === '@') this.#insert(count);
    else if (final === 'X') this.#fill(this.#column, this.#column + count);
    else if (final === 's') this.#escape('7');
    else if (final === 'u') this.#escape('8');
    else if (parameters === '?1') this.#isApplicationMode = final === 'h';
  }

  /** The row of the cursor, filled up to it, which is about to change. */
  #line(): Cell[] {
    const line = this.#touch(this.#row);
    while (line.length < this.#column) line.push(blank);
    return line;
  }

  #touch(row: number): Cell[] {
    this.#dirtyFrom = Math.min(this.#dirtyFrom, row);
    const line = this.#rows[row] ?? [];
    this.#rows[row] = line;
    return line;
  }

  #lineFeed(): void {
    this.#moveTo(this.#row + 1);
  }

  #goTo(row: number, column: number): void {
    this.#column = Math.min(Math.max(0, column), columns - 1);
    this.#moveTo(this.#top + Math.min(Math.max(0, row), height - 1));
  }

  #moveTo(row: number): void {
    while (this.#rows.length <= row) this.#touch(this.#rows.length);
    this.#row = row;
    this.#top = Math.max(this.#top, row - height + 1);
    const excess = this.#rows.length - mostRows;
    if (excess <= 0) return;
    this.#rows.splice(0, excess);
    this.#dropped += excess;
    this.#row -= excess;
    this.#top = Math.max(0, this.#top - excess);
    this.#dirtyFrom = Math.max(0, this.#dirtyFrom - excess);
  }

  #insert(count: number): void {
    const line = this.#line();
    line.splice(this.#column, 0, ...Array.from({ length: Math.min(count, columns) }, () => blank));
    line.length = Math.min(line.length, columns);
  }

  #fill(from: number, to: number): void {
    const line = this.#line();
    for (let column = from; column < Math.min(to, line.length); column += 1) line[column] = blank;
  }

  #eraseLine(how: number): void {
    if (how === 1) this.#fill(0, this.#column + 1);
    else if (how === 2) this.#touch(this.#row).length = 0;
    else this.#line().length = this.#column;
  }

  #erase(how: number): void {
    // From the corner on it is all of the screen: so getty and `clear` do it.
    const isAtHome = this.#row === this.#top && this.#column === 0;
    if (how > 1 || (how === 0 && isAtHome)) {
      this.#turnPage();
      return;
    }
    this.#eraseLine(how);
    const [from, to] = how === 1 ? [this.#top, this.#row] : [this.#row + 1, this.#rows.length];
    for (let row = from; row < to; row += 1) this.#touch(row).length = 0;
  }

  /** What is cleared away is still worth reading: it becomes the past, as in the terminals of today. */
  #turnPage(): void {
    const { row, column } = { row: this.#row - this.#top, column: this.#column };
    let end = this.#rows.length;
    while (end > this.#top && isBlank(this.#rows[end - 1])) end -= 1;
    this.#rows.length = end;
    this.#dirtyFrom = Math.min(this.#dirtyFrom, end);
    this.#top = end;
    this.#goTo(row, column);
  }

  #reset(): void {
    this.#ansi.read('\x1b[0m');
    this.#isApplicationMode = false;
    this.#turnPage();
    this.#goTo(0, 0);
  }
}

const isBlank = (row: Cell[] | undefined) => row?.every(({ character }) => character === ' ') !== false;

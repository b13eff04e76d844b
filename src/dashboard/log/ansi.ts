import { terminalSequence } from '../../terminal-text.ts';

/** Text in one style. Colours of the basic sixteen are class names, all others are CSS colours. */
export interface Segment {
  text: string;
  classes: readonly string[];
  color?: string;
  background?: string;
}

interface Style {
  classes: ReadonlySet<string>;
  foreground: string | undefined;
  background: string | undefined;
}

const plain: Style = { classes: new Set(), foreground: undefined, background: undefined };

/** Turns text with terminal colours into segments; the style goes on from one piece to the next, as in a terminal. */
export class AnsiReader {
  #style: Style = plain;

  read(text: string): Segment[] {
    const segments: Segment[] = [];
    let at = 0;
    for (const match of text.matchAll(terminalSequence)) {
      this.#push(segments, text.slice(at, match.index));
      at = match.index + match[0].length;
      if (match[1] !== undefined) this.#style = applySgr(this.#style, match[1]);
    }
    this.#push(segments, text.slice(at));
    return segments;
  }

  /** One that goes on from here on its own, for text that may still be replaced. */
  copy(): AnsiReader {
    const copy = new AnsiReader();
    copy.#style = this.#style;
    return copy;
  }

  #push(segments: Segment[], text: string): void {
    if (text === '') return;
    const { classes, foreground, background } = this.#style;
    const all = [...classes];
    for (const [colour, prefix] of [
      [foreground, 'fg'],
      [background, 'bg'],
    ] as const) {
      if (colour !== undefined && !isCss(colour)) all.push(`ansi-${prefix}-${colour}`);
    }
    segments.push({
      text,
      classes: all,
      ...(foreground !== undefined && isCss(foreground) && { color: foreground }),
      ...(background !== undefined && isCss(background) && { background }),
    });
  }
}

const isCss = (colour: string) => colour.startsWith('rgb');

const switches: Readonly<Record<number, [on: string[], off: string[]]>> = {
  1: [['ansi-bold'], []],
  2: [['ansi-dim'], []],
  3: [['ansi-italic'], []],
  4: [['ansi-underline'], []],
  9: [['ansi-struck'], []],
  22: [[], ['ansi-bold', 'ansi-dim']],
  23: [[], ['ansi-italic']],
  24: [[], ['ansi-underline']],
  29: [[], ['ansi-struck']],
};

/** https://en.wikipedia.org/wiki/ANSI_escape_code#Select_Graphic_Rendition_parameters */
function applySgr(style: Style, parameters: string): Style {
  let next = style;
  const codes = parameters.split(/[;:]/).map(Number);
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    const change = switches[code];
    if (code === 0) next = plain;
    else if (change) next = { ...next, classes: changed(next.classes, change) };
    else if (code === 38 || code === 48) {
      const { colour, used } = extendedColour(codes.slice(index + 1));
      next = code === 38 ? { ...next, foreground: colour } : { ...next, background: colour };
      index += used;
    } else next = basicColour(next, code);
  }
  return next;
}

function changed(classes: ReadonlySet<string>, [on, off]: [string[], string[]]): ReadonlySet<string> {
  return new Set([...[...classes].filter((name) => !off.includes(name)), ...on]);
}

function basicColour(style: Style, code: number): Style {
  if (code >= 30 && code <= 37) return { ...style, foreground: String(code - 30) };
  if (code >= 90 && code <= 97) return { ...style, foreground: String(code - 90 + 8) };
  if (code === 39) return { ...style, foreground: undefined };
  if (code >= 40 && code <= 47) return { ...style, background: String(code - 40) };
  if (code >= 100 && code <= 107) return { ...style, background: String(code - 100 + 8) };
  if (code === 49) return { ...style, background: undefined };
  return style;
}

function extendedColour([mode, ...rest]: readonly number[]): { colour: string | undefined; used: number } {
  if (mode === 2) return { colour: `rgb(${rest.slice(0, 3).map(byte).join(' ')})`, used: 4 };
  if (mode === 5) return { colour: paletteColour(rest[0] ?? 0), used: 2 };
  return { colour: undefined, used: 1 };
}

/** 16 basic colours, a cube of 6 × 6 × 6, and 24 greys. */
function paletteColour(index: number): string {
  if (index < 16) return String(index);
  const grey = 8 + (index - 232) * 10;
  if (index >= 232) return `rgb(${grey} ${grey} ${grey})`;
  const level = (step: number) => (step === 0 ? 0 : 55 + step * 40);
  const cube = index - 16;
  return `rgb(${level(Math.floor(cube / 36))} ${level(Math.floor(cube / 6) % 6)} ${level(cube % 6)})`;
}

const byte = (number: number) => Math.min(255, Math.max(0, number || 0));

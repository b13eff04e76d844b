/** What a terminal is told. */
export type Token =
  | { type: 'text'; text: string }
  | { type: 'control'; code: string }
  /** ESC and one character. */
  | { type: 'escape'; final: string }
  /** CSI: `ESC [ parameters final`. */
  | { type: 'sequence'; final: string; parameters: string };

/** Text; CSI; strings (titles, links), which are passed over; character sets, likewise; short ones; control codes. */
const tokens = new RegExp(
  [
    String.raw`([^\x00-\x1f\x7f]+)`,
    String.raw`\x1b\[([0-?]*)[ -/]*([@-~])`,
    String.raw`\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)`,
    String.raw`\x1b[ -/]+[0-~]`,
    String.raw`\x1b([0-Z\\\`-~])`,
    String.raw`([\x00-\x1a\x1c-\x1f\x7f])`,
    String.raw`\x1b`,
  ].join('|'),
  'g',
);

/** The beginning of a sequence whose rest has not come yet. */
const beginnings = [String.raw`\[[0-?]*[ -/]*`, String.raw`[\]PX^_][^\x07\x1b]*\x1b?`, '[ -/]*'];
const unfinished = new RegExp(String.raw`\x1b(?:${beginnings.join('|')})$`);
/** Nothing that is meant for a terminal is longer; what is, is no sequence. */
const longestSequence = 4096;

/** Takes apart what comes on a line, piece by piece, wherever it was cut. */
export class TerminalReader {
  #rest = '';

  *read(piece: string): Generator<Token> {
    const text = this.#rest + piece;
    const cut = unfinished.exec(text)?.index ?? text.length;
    const isSequence = text.length - cut <= longestSequence;
    this.#rest = isSequence ? text.slice(cut) : '';
    for (const [, plain, parameters, final, short, code] of text
      .slice(0, isSequence ? cut : text.length)
      .matchAll(tokens)) {
      if (plain !== undefined) yield { type: 'text', text: plain };
      else if (final !== undefined) yield { type: 'sequence', final, parameters: parameters ?? '' };
      else if (short !== undefined) yield { type: 'escape', final: short };
      else if (code !== undefined) yield { type: 'control', code };
    }
  }
}

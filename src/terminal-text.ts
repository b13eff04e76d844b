/**
 * What a terminal obeys and a reader does not want: colours (their parameters are the first group); other sequences
 * (cursor, links and titles, short ones); and control characters but tabs and line feeds. Node.js’s
 * `stripVTControlCharacters` knows no `ESC [ ! p` and no parameter of five digits; systemd prints both at every boot.
 */
export const terminalSequence = new RegExp(
  [
    String.raw`\x1b\[([0-9;:]*)m`,
    String.raw`\x1b\[[0-?]*[ -/]*[@-~]`,
    String.raw`\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?`,
    String.raw`\x1b[ -/]+[0-~]`,
    String.raw`\x1b[@-Z\\^_-~]?`,
    String.raw`[\x00-\x08\x0b-\x1f\x7f-\x9f]`,
  ].join('|'),
  'g',
);

/** The text without colours and all else that only a terminal wants. */
export function plainText(text: string): string {
  return text.replace(terminalSequence, '');
}

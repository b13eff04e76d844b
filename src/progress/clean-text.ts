const esc = '\\u001b';

/** Cursor movements, titles, links, and single control characters but tab; colours are among them. */
const control = new RegExp(
  [
    `${esc}\\[[0-?]*[ -/]*[@-~]`,
    `${esc}[\\]PX^_][^\\u0007\\u001b]*(?:\\u0007|${esc}\\\\)?`,
    `${esc}[ -/]*[0-~]?`,
    '[\\u0000-\\u0008\\u000a-\\u001f\\u007f-\\u009f]',
  ].join('|'),
  'g',
);

const colour = new RegExp(`^${esc}\\[[0-9;:]*m$`);
const anyControl = /[^\t\P{Cc}]/u;

/** A line as it may be shown on anybody's terminal: colours stay, and what a carriage return overwrote is gone. */
export function cleanLine(line: string): string {
  if (!anyControl.test(line)) return line;
  const shown = line.replace(/\r+$/, '');
  const last = shown.slice(shown.lastIndexOf('\r') + 1);
  return last.replace(control, (sequence) => (colour.test(sequence) ? sequence : ''));
}

/** The same without colours. */
export function plainLine(line: string): string {
  return cleanLine(line).replace(control, '');
}

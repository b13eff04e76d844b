import stringWidth from 'string-width';

const letters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** How many columns a text takes on a terminal: none for colours, two for wide letters. */
export const widthOf = (text: string): number => stringWidth(text);

/** A text without colours, cut to at most so many columns; what was cut is shown by an ellipsis. */
export function fitLine(text: string, columns: number): string {
  // Most lines are short and plain.
  if (text.length <= columns && /^[\x20-\x7e]*$/.test(text)) return text;
  if (widthOf(text) <= columns) return text;
  let fitted = '';
  let width = 0;
  for (const { segment } of letters.segment(text)) {
    width += widthOf(segment);
    if (width > columns - 1) break;
    fitted += segment;
  }
  return columns < 1 ? '' : `${fitted}…`;
}

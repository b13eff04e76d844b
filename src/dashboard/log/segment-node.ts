import type { Segment } from './ansi.ts';

/** A piece of text in its colours. */
export function nodeOf({ text, classes, color, background }: Segment): Node {
  if (classes.length === 0 && color === undefined && background === undefined) return new Text(text);
  const span = document.createElement('span');
  span.className = classes.join(' ');
  // Through the object model, which the content security policy lets pass.
  if (color !== undefined) span.style.color = color;
  if (background !== undefined) span.style.background = background;
  span.textContent = text;
  return span;
}

/** More matches than this are counted as “many”. */
export const mostMatches = 5000;

const all = 'log-match';
const current = 'log-match-current';

/** Where a text stands in the chunks of a log, case ignored. */
export function findMatches(chunks: readonly HTMLElement[], text: string): Range[] {
  const wanted = text.toLowerCase();
  const matches: Range[] = [];
  if (wanted === '') return matches;
  for (const chunk of chunks) {
    const content = (chunk.textContent ?? '').toLowerCase();
    const starts: number[] = [];
    for (let at = content.indexOf(wanted); at !== -1; at = content.indexOf(wanted, at + wanted.length)) {
      starts.push(at);
      if (matches.length + starts.length >= mostMatches) break;
    }
    if (starts.length > 0) matches.push(...rangesOf(chunk, starts, wanted.length));
    if (matches.length >= mostMatches) break;
  }
  return matches;
}

/** Ranges of `length` characters at ascending offsets of an element’s text, which many nodes may make up. */
function rangesOf(element: HTMLElement, starts: readonly number[], length: number): Range[] {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let node = walker.nextNode();
  let before = 0;
  const locate = (offset: number): [Node, number] => {
    while (node && offset > before + (node.nodeValue?.length ?? 0)) {
      before += node.nodeValue?.length ?? 0;
      node = walker.nextNode();
    }
    return [node ?? element, node ? offset - before : 0];
  };
  return starts.map((start) => {
    const range = new Range();
    range.setStart(...locate(start));
    range.setEnd(...locate(start + length));
    return range;
  });
}

/** Marks matches without touching the document, where the browser can. */
export function showMatches(matches: readonly Range[], which: number): void {
  if (!('highlights' in CSS)) return;
  CSS.highlights.set(all, new Highlight(...matches));
  const chosen = matches[which];
  if (chosen) CSS.highlights.set(current, new Highlight(chosen));
  else CSS.highlights.delete(current);
}

/** Brings a match into the middle of the element that scrolls. */
export function scrollToMatch(match: Range, scroller: HTMLElement): void {
  const chunk = match.startContainer.parentElement?.closest('.log-chunk');
  // A chunk far away has no lines yet: it gets them when it comes near.
  chunk?.scrollIntoView({ block: 'nearest' });
  requestAnimationFrame(() => {
    const [seen, frame] = [match.getBoundingClientRect(), scroller.getBoundingClientRect()];
    scroller.scrollTop += seen.top - frame.top - frame.height / 2;
    scroller.scrollLeft +=
      Math.min(0, seen.left - frame.left - 80) || Math.max(0, seen.right - frame.right + 80);
  });
}

import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../parts/icon.tsx';
import { findMatches, mostMatches, scrollToMatch, showMatches } from './log-search.ts';

interface LogToolsProps {
  chunks: () => readonly HTMLElement[];
  scroller: () => HTMLElement | null;
  /** Lines in the document: when there are more, they are searched as well. */
  drawn: number;
  stopFollowing: () => void;
  children: ComponentChildren;
}

/** The heading of a log, with the search. */
export function LogTools({ chunks, scroller, drawn, stopFollowing, children }: LogToolsProps) {
  const [text, setText] = useState('');
  const [matches, setMatches] = useState<readonly Range[]>([]);
  const [chosen, setChosen] = useState(-1);
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    const timer = setTimeout(() => setMatches(findMatches(chunks(), text)), 120);
    return () => clearTimeout(timer);
  }, [text, text === '' ? 0 : drawn]);
  useEffect(() => showMatches(matches, chosen), [matches, chosen]);
  useEffect(() => () => showMatches([], -1), []);

  const go = (by: 1 | -1) => {
    if (matches.length === 0) return;
    const from = chosen === -1 && by === -1 ? 0 : chosen;
    const next = (from + by + matches.length) % matches.length;
    setChosen(next);
    stopFollowing();
    const [match, frame] = [matches[next], scroller()];
    if (match && frame) scrollToMatch(match, frame);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') {
      event.preventDefault();
      go(event.shiftKey ? -1 : 1);
    }
    if (event.key === 'Escape') setText('');
  };

  return (
    <header class="log-head">
      <h2 id="log-title">Log</h2>
      <search class="log-search">
        <Icon name="search" />
        <input
          ref={input}
          type="search"
          aria-label="Search the log"
          placeholder="Search"
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setChosen(-1);
          }}
          onKeyDown={onKeyDown}
        />
        <span class="log-count" role="status">
          {text !== '' && describe(matches.length, chosen)}
        </span>
        <button
          type="button"
          class="tool bare"
          aria-label="Previous match"
          disabled={matches.length === 0}
          onClick={() => go(-1)}
        >
          <Icon name="up" />
        </button>
        <button
          type="button"
          class="tool bare"
          aria-label="Next match"
          disabled={matches.length === 0}
          onClick={() => go(1)}
        >
          <Icon name="down" />
        </button>
      </search>
      <div class="log-tools">{children}</div>
    </header>
  );
}

function describe(count: number, chosen: number): string {
  if (count === 0) return 'none';
  const many = count >= mostMatches ? `${mostMatches}+` : String(count);
  return chosen === -1 ? many : `${chosen + 1} of ${many}`;
}

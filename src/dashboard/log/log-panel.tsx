import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../api/api.ts';
import { Icon } from '../parts/icon.tsx';
import { followLog } from './follow-log.ts';
import { LogTools } from './log-tools.tsx';
import { LogView } from './log-view.ts';

interface LogPanelProps {
  id: string;
  /** The build has ended, so nothing will be appended any more. */
  isFinished: boolean;
}

/** So near to the end counts as being there. */
const nearPixels = 40;

/** The log of a build as it grows. */
export function LogPanel({ id, isFinished }: LogPanelProps) {
  const scroller = useRef<HTMLElement>(null);
  const follows = useRef(true);
  const view = useRef<LogView>(null);
  const finished = useRef(isFinished);
  finished.current = isFinished;
  const [isFollowing, setFollowing] = useState(true);
  const [isWrapped, setWrapped] = useState(() => innerWidth < 700);
  const [drawn, setDrawn] = useState({ total: 0, dropped: 0 });
  const [error, setError] = useState<string>();

  const follow = (on: boolean) => {
    follows.current = on;
    setFollowing(on);
    if (on) toEnd(scroller.current);
  };

  useEffect(() => {
    const end = new AbortController();
    const made = new LogView(() => {
      setDrawn({ total: made.total, dropped: made.dropped });
      if (follows.current) toEnd(scroller.current);
    });
    view.current = made;
    scroller.current?.replaceChildren(made.element);
    followLog({
      id,
      signal: end.signal,
      isFinished: () => finished.current,
      onLines: (lines) => made.append(lines),
    }).catch((problem: unknown) => setError(problem instanceof Error ? problem.message : String(problem)));
    // Lines get their real height when they come near the screen, and the end moves.
    const resized = new ResizeObserver(() => follows.current && toEnd(scroller.current));
    resized.observe(made.element);
    end.signal.addEventListener('abort', () => resized.disconnect(), { once: true });
    return () => end.abort();
  }, [id]);

  const onScroll = () => {
    const { scrollTop = 0, scrollHeight = 0, clientHeight = 0 } = scroller.current ?? {};
    const isAtEnd = scrollHeight - scrollTop - clientHeight < nearPixels;
    if (isAtEnd !== follows.current) {
      follows.current = isAtEnd;
      setFollowing(isAtEnd);
    }
  };

  return (
    <section class="card log" aria-labelledby="log-title">
      <LogTools
        chunks={() => view.current?.chunks ?? []}
        scroller={() => scroller.current}
        drawn={drawn.total}
        stopFollowing={() => follow(false)}
      >
        <button type="button" class="tool" aria-pressed={isWrapped} onClick={() => setWrapped(!isWrapped)}>
          <Icon name="wrap" /> Wrap
        </button>
        <button type="button" class="tool" aria-pressed={isFollowing} onClick={() => follow(!isFollowing)}>
          <Icon name="follow" /> Follow
        </button>
        <a class="tool" href={api.logAddress(id, 0, false)} download={`${id}.log`}>
          <Icon name="download" /> Download
        </a>
      </LogTools>
      {drawn.dropped > 0 && (
        <p class="log-note">The first {drawn.dropped.toLocaleString('en')} lines are only in the download.</p>
      )}
      <section
        class={isWrapped ? 'log-scroll wraps' : 'log-scroll'}
        ref={scroller}
        onScroll={onScroll}
        tabIndex={0}
        aria-label="Lines of the log"
      />
      {drawn.total === 0 && (
        <p class="log-empty">{isFinished ? 'The log is empty.' : 'Nothing has been printed yet.'}</p>
      )}
      {error && <p class="log-note">The log cannot be read: {error}</p>}
    </section>
  );
}

function toEnd(element: HTMLElement | null): void {
  if (element) element.scrollTop = element.scrollHeight;
}

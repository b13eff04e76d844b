import { useEffect, useRef, useState } from 'preact/hooks';
import type { LiveBoot } from '../../builds/boot-records.ts';
import { followSerial } from './follow-serial.ts';
import type { LineState } from './keep-connected.ts';
import { TerminalView } from './terminal-view.ts';

interface SerialParts {
  /** Where the lines are drawn; it follows their end until somebody scrolls up. */
  scroller: { current: HTMLElement | null };
  /** Called when the connection is lost. */
  onLost: () => void;
}

/** So near to the end counts as being there. */
const nearPixels = 40;

/** The serial line of a machine, drawn as it prints. */
export function useSerial(boot: LiveBoot, { scroller, onLost }: SerialParts) {
  const view = useRef<TerminalView | null>(null);
  const send = useRef<((keys: string) => void) | null>(null);
  const follows = useRef(true);
  const [state, setState] = useState<LineState>('connecting');
  const [isEmpty, setEmpty] = useState(true);
  const followEnd = () => {
    follows.current = true;
    toEnd(scroller.current);
  };
  useEffect(() => {
    const end = new AbortController();
    const made = new TerminalView(() => {
      setEmpty(made.isEmpty);
      if (follows.current) toEnd(scroller.current);
    });
    view.current = made;
    scroller.current?.replaceChildren(made.element);
    const onScroll = () => {
      const { scrollTop = 0, scrollHeight = 0, clientHeight = 0 } = scroller.current ?? {};
      follows.current = scrollHeight - scrollTop - clientHeight < nearPixels;
    };
    scroller.current?.addEventListener('scroll', onScroll, { signal: end.signal });
    followSerial({
      id: boot.id,
      signal: end.signal,
      onState: setState,
      onText: (text) => made.write(text),
      onBegin: () => made.clear(),
      onLine: (type) => {
        send.current = type;
        if (!type) onLost();
      },
    }).catch((error: unknown) => {
      console.warn('The serial line cannot be followed', error);
      if (!end.signal.aborted) setState('refused');
    });
    return () => end.abort();
  }, [boot.id]);
  return { view, send, state, isEmpty, followEnd };
}

function toEnd(element: HTMLElement | null): void {
  if (element) element.scrollTop = element.scrollHeight;
}

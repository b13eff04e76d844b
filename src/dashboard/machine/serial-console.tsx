import { useEffect, useRef, useState } from 'preact/hooks';
import type { LiveBoot } from '../../builds/boot-records.ts';
import { Icon } from '../parts/icon.tsx';
import { followSerial } from './follow-serial.ts';
import type { LineState } from './keep-connected.ts';
import { keyBytes } from './key-bytes.ts';
import { KeysHint } from './keys-hint.tsx';
import { LineBadge } from './line-badge.tsx';
import { TerminalView } from './terminal-view.ts';
import { useInside } from './use-inside.ts';

/** So near to the end counts as being there. */
const nearPixels = 40;

/** What a machine prints on its serial line, from the beginning, and a keyboard for it. */
export function SerialConsole({ boot }: { boot: LiveBoot }) {
  const scroller = useRef<HTMLDivElement>(null);
  const keys = useRef<HTMLTextAreaElement>(null);
  const typeButton = useRef<HTMLButtonElement>(null);
  const view = useRef<TerminalView | null>(null);
  const send = useRef<((keys: string) => void) | null>(null);
  const follows = useRef(true);
  const [state, setState] = useState<LineState>('connecting');
  const [isEmpty, setEmpty] = useState(true);
  const { isInside, enter, leave } = useInside({ place: keys, wayOut: typeButton });

  useEffect(() => {
    const end = new AbortController();
    const made = new TerminalView(() => {
      setEmpty(made.isEmpty);
      if (follows.current) toEnd(scroller.current);
    });
    view.current = made;
    scroller.current?.replaceChildren(made.element);
    followSerial({
      id: boot.id,
      signal: end.signal,
      onState: setState,
      onText: (text) => made.write(text),
      onBegin: () => made.clear(),
      onLine: (type) => {
        send.current = type;
        if (!type) leave();
      },
    }).catch((error: unknown) => {
      console.warn('The serial line cannot be followed', error);
      if (!end.signal.aborted) setState('refused');
    });
    return () => end.abort();
  }, [boot.id]);

  const goInside = () => {
    if (!send.current) return;
    enter();
    keys.current?.focus({ preventScroll: true });
    follows.current = true;
    toEnd(scroller.current);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    const bytes = keyBytes(event, view.current?.isApplicationMode ?? false);
    if (bytes === undefined) return;
    event.preventDefault();
    send.current?.(bytes);
  };
  /** Characters, also those that were composed of several keys, said, or pasted. */
  const onInput = (event: Event & { currentTarget: HTMLTextAreaElement }) => {
    if ('isComposing' in event && event.isComposing) return;
    const { value } = event.currentTarget;
    event.currentTarget.value = '';
    if (value !== '') send.current?.(value.replaceAll(/\r?\n/g, '\r'));
  };
  const onScroll = () => {
    const { scrollTop = 0, scrollHeight = 0, clientHeight = 0 } = scroller.current ?? {};
    follows.current = scrollHeight - scrollTop - clientHeight < nearPixels;
  };
  return (
    <section class="log machine" aria-label={`Serial console of ${boot.artifact}`}>
      <header class="log-head">
        <LineBadge state={state} />
        <div class="log-tools">
          <button
            type="button"
            class="tool"
            ref={typeButton}
            aria-pressed={isInside}
            // It is where the focus goes when the connection is lost, so it stays within reach.
            aria-disabled={state !== 'connected'}
            onMouseDown={(event) => event.preventDefault()}
            onClick={isInside ? leave : goInside}
          >
            <Icon name="keyboard" /> Type
          </button>
        </div>
      </header>
      <div class={isInside ? 'serial is-inside' : 'serial'}>
        <textarea
          class="serial-keys"
          ref={keys}
          tabIndex={-1}
          rows={1}
          aria-label={`Keyboard of the serial console of ${boot.artifact}`}
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          onKeyDown={onKeyDown}
          onInput={onInput}
          onCompositionEnd={onInput}
        />
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: a shortcut for the mouse; the button above is for the keyboard. */}
        <div
          class="serial-scroll"
          ref={scroller}
          tabIndex={0}
          role="log"
          // Only to whoever types: a boot prints more than anybody could listen to.
          aria-live={isInside ? 'polite' : 'off'}
          aria-label="Lines of the serial console"
          onScroll={onScroll}
          onClick={() => getSelection()?.isCollapsed && goInside()}
        />
        {isEmpty && <p class="log-empty">{emptyWords[state]}</p>}
      </div>
      <KeysHint isInside={isInside} enter="Click the console, or press Type, to type on it." />
    </section>
  );
}

const emptyWords: Record<LineState, string> = {
  connecting: 'Connecting to the serial line…',
  connected: 'Nothing has been printed yet. Many images use the screen only.',
  lost: 'The connection is lost, and is being made again…',
  refused: 'No live connection comes about here; nexus boot shows the console in a terminal.',
  ended: 'It has printed nothing.',
};

function toEnd(element: HTMLElement | null): void {
  if (element) element.scrollTop = element.scrollHeight;
}

import { useRef } from 'preact/hooks';
import type { LiveBoot } from '../../builds/boot-records.ts';
import type { LineState } from './keep-connected.ts';
import { keyBytes } from './key-bytes.ts';
import { KeysHint } from './keys-hint.tsx';
import { LineBadge } from './line-badge.tsx';
import { TypeButton } from './type-button.tsx';
import { useInside } from './use-inside.ts';
import { useSerial } from './use-serial.ts';

/** What a machine prints on its serial line, from the beginning, and a keyboard for it. */
export function SerialConsole({ boot }: { boot: LiveBoot }) {
  const scroller = useRef<HTMLDivElement>(null);
  const keys = useRef<HTMLTextAreaElement>(null);
  const typeButton = useRef<HTMLButtonElement>(null);
  const { isInside, enter, leave } = useInside({ place: keys, wayOut: typeButton });
  const { view, send, state, isEmpty, followEnd } = useSerial(boot, { scroller, onLost: leave });
  const goInside = () => {
    if (!send.current) return;
    enter();
    keys.current?.focus({ preventScroll: true });
    followEnd();
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
  return (
    <section class="log machine" aria-label={`Serial console of ${boot.artifact}`}>
      <header class="log-head">
        <LineBadge state={state} />
        <div class="log-tools">
          <TypeButton
            button={typeButton}
            isInside={isInside}
            isLive={state === 'connected'}
            enter={goInside}
            leave={leave}
          />
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

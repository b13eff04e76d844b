import type RFB from '@novnc/novnc';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LiveBoot } from '../../builds/boot-records.ts';
import { Icon } from '../parts/icon.tsx';
import { fitStage } from './fit-stage.ts';
import type { LineState } from './keep-connected.ts';
import { KeysHint } from './keys-hint.tsx';
import { LineBadge } from './line-badge.tsx';
import { ScreenPictures } from './screen-pictures.tsx';
import { showScreen } from './show-screen.ts';
import { useInside } from './use-inside.ts';

/** The screen of a machine, live, with its keyboard and mouse for whoever clicks on it. */
export function GuestScreen({ boot }: { boot: LiveBoot }) {
  const panel = useRef<HTMLElement>(null);
  const stage = useRef<HTMLDivElement>(null);
  const place = useRef<HTMLDivElement>(null);
  const typeButton = useRef<HTMLButtonElement>(null);
  const screen = useRef<RFB | null>(null);
  const [state, setState] = useState<LineState>('connecting');
  const [lastPicture, setLastPicture] = useState<string | null>(null);
  const [isFitted, setFitted] = useState(true);
  const [round, setRound] = useState(0);
  const { isInside, enter, leave } = useInside({ place, wayOut: typeButton });

  useEffect(() => {
    if (!place.current || !stage.current) return;
    const end = new AbortController();
    const drawn = fitStage(stage.current, place.current, `Screen of ${boot.artifact}`);
    end.signal.addEventListener('abort', drawn, { once: true });
    showScreen({
      id: boot.id,
      signal: end.signal,
      place: place.current,
      onState: setState,
      onScreen: (live, picture) => {
        if (!live) leave();
        screen.current = live;
        setLastPicture(picture);
      },
    }).catch((error: unknown) => {
      console.warn('The screen cannot be shown live', error);
      if (!end.signal.aborted) setState('refused');
    });
    return () => end.abort();
  }, [boot.id, round]);
  useEffect(() => {
    if (screen.current) screen.current.scaleViewport = isFitted;
  }, [isFitted, state]);

  const goInside = () => {
    if (!screen.current) return;
    enter();
    screen.current.focus({ preventScroll: true });
  };
  const isLive = state === 'connected';
  return (
    <section class="log machine" ref={panel} aria-label={`Screen of ${boot.artifact}`}>
      <header class="log-head">
        <LineBadge state={state} />
        <div class="log-tools">
          <button
            type="button"
            class="tool"
            ref={typeButton}
            aria-pressed={isInside}
            // It is where the focus goes when the connection is lost, so it stays within reach.
            aria-disabled={!isLive}
            // A press of the mouse would take the focus from the screen before the click comes.
            onMouseDown={(event) => event.preventDefault()}
            onClick={isInside ? leave : goInside}
          >
            <Icon name="keyboard" /> Type
          </button>
          <button
            type="button"
            class="tool"
            disabled={!isLive}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => screen.current?.sendCtrlAltDel()}
          >
            Ctrl-Alt-Del
          </button>
          <button type="button" class="tool" aria-pressed={isFitted} onClick={() => setFitted(!isFitted)}>
            <Icon name="fit" /> <span class="tool-more">Fit</span>
          </button>
          <button type="button" class="tool" onClick={() => toggleFullScreen(panel.current)}>
            <Icon name="whole" /> <span class="tool-more">Full screen</span>
          </button>
        </div>
      </header>
      <div class="machine-view">
        <div class={stageClass(isFitted, isInside)} ref={stage} hidden={state === 'refused'}>
          <div class="machine-place" ref={place} />
          {!isLive && lastPicture && (
            <img class="machine-last" src={lastPicture} alt="The screen as it was last" />
          )}
          {isLive && !isInside && (
            // For the mouse; the keyboard has the button above.
            <button type="button" class="curtain" tabIndex={-1} aria-hidden="true" onClick={goInside}>
              <span class="curtain-hint">Click to type</span>
            </button>
          )}
          {!isLive && !lastPicture && <p class="machine-empty">{emptyWords[state]}</p>}
        </div>
        {state === 'refused' && <ScreenPictures boot={boot} />}
      </div>
      {state === 'refused' ? (
        <p class="machine-foot">
          No live connection comes about here, so these are pictures: look, but do not touch.{' '}
          <button type="button" class="tool" onClick={() => setRound(round + 1)}>
            <Icon name="again" /> Try again
          </button>
        </p>
      ) : (
        <KeysHint
          isInside={isInside}
          enter="Click the screen, or press Type, to use its keyboard and mouse."
        />
      )}
    </section>
  );
}

const emptyWords: Record<LineState, string> = {
  connecting: 'Connecting to the screen…',
  connected: '',
  lost: 'The connection is lost, and is being made again…',
  refused: '',
  ended: 'The machine has ended.',
};

const stageClass = (isFitted: boolean, isInside: boolean) =>
  ['machine-stage', ...(isFitted ? ['is-fitted'] : []), ...(isInside ? ['is-inside'] : [])].join(' ');

async function toggleFullScreen(panel: HTMLElement | null): Promise<void> {
  try {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await panel?.requestFullscreen();
  } catch (error) {
    console.warn('The browser shows nothing in full screen', error);
  }
}

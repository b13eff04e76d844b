import { useEffect, useRef, useState } from 'preact/hooks';
import type { LiveBoot } from '../../builds/boot-records.ts';
import { Icon } from '../parts/icon.tsx';
import { toggleFullScreen } from './full-screen.ts';
import type { LineState } from './keep-connected.ts';
import { KeysHint } from './keys-hint.tsx';
import { LineBadge } from './line-badge.tsx';
import { ScreenPictures } from './screen-pictures.tsx';
import { TypeButton } from './type-button.tsx';
import { useInside } from './use-inside.ts';
import { useScreen } from './use-screen.ts';

/** The screen of a machine, live, with its keyboard and mouse for whoever clicks on it. */
export function GuestScreen({ boot }: { boot: LiveBoot }) {
  const panel = useRef<HTMLElement>(null);
  const stage = useRef<HTMLDivElement>(null);
  const place = useRef<HTMLDivElement>(null);
  const typeButton = useRef<HTMLButtonElement>(null);
  const [isFitted, setFitted] = useState(true);
  const { isInside, enter, leave } = useInside({ place, wayOut: typeButton });
  const { screen, state, lastPicture, again } = useScreen(boot, { stage, place, onLost: leave });
  const isLive = state === 'connected';
  useEffect(() => {
    if (screen.current) screen.current.scaleViewport = isFitted;
  }, [isFitted, state]);
  const goInside = () => {
    if (!screen.current) return;
    enter();
    screen.current.focus({ preventScroll: true });
  };
  const fillScreen = async () => {
    if (await toggleFullScreen(panel.current)) goInside();
  };
  return (
    <section class="log machine" ref={panel} aria-label={`Screen of ${boot.artifact}`}>
      <header class="log-head">
        <LineBadge state={state} />
        <div class="log-tools">
          <TypeButton
            button={typeButton}
            isInside={isInside}
            isLive={isLive}
            enter={goInside}
            leave={leave}
          />
          <button
            type="button"
            class="tool"
            disabled={!isLive}
            // The focus stays where it is, also in the screen.
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => screen.current?.sendCtrlAltDel()}
          >
            Ctrl-Alt-Del
          </button>
          <button type="button" class="tool" aria-pressed={isFitted} onClick={() => setFitted(!isFitted)}>
            <Icon name="fit" /> <span class="tool-more">Fit</span>
          </button>
          <button type="button" class="tool" onClick={fillScreen}>
            <Icon name="whole" /> <span class="tool-more">Full screen</span>
          </button>
        </div>
      </header>
      <div class="machine-view">
        <div class={stageClass(isFitted, isInside)} ref={stage} hidden={state === 'refused'}>
          <div class="machine-place" ref={place} />
          {!isLive && <NotLive state={state} lastPicture={lastPicture} />}
          {isLive && !isInside && (
            // For the mouse; the keyboard has the button above.
            <button type="button" class="curtain" tabIndex={-1} aria-hidden="true" onClick={goInside}>
              <span class="curtain-hint">Click to type</span>
            </button>
          )}
        </div>
        {state === 'refused' && <ScreenPictures boot={boot} />}
      </div>
      {state === 'refused' ? (
        <Refused again={again} />
      ) : (
        <KeysHint
          isInside={isInside}
          enter="Click the screen, or press Type, to use its keyboard and mouse."
        />
      )}
    </section>
  );
}

const stageClass = (isFitted: boolean, isInside: boolean) =>
  ['machine-stage', ...(isFitted ? ['is-fitted'] : []), ...(isInside ? ['is-inside'] : [])].join(' ');

/** What is there while the screen is not. */
function NotLive({ state, lastPicture }: { state: LineState; lastPicture: string | null }) {
  if (lastPicture) return <img class="machine-last" src={lastPicture} alt="The screen as it was last" />;
  return <p class="machine-empty">{emptyWords[state]}</p>;
}

const emptyWords: Record<LineState, string> = {
  connecting: 'Connecting to the screen…',
  connected: '',
  lost: 'The connection is lost, and is being made again…',
  refused: '',
  ended: 'The machine has ended.',
};

function Refused({ again }: { again: () => void }) {
  return (
    <p class="machine-foot">
      No live connection comes about here, so these are pictures: look, but do not touch.{' '}
      <button type="button" class="tool" onClick={again}>
        <Icon name="again" /> Try again
      </button>
    </p>
  );
}

import type RFB from '@novnc/novnc';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LiveBoot } from '../../builds/boot-records.ts';
import { fitStage } from './fit-stage.ts';
import type { LineState } from './keep-connected.ts';
import { showScreen } from './show-screen.ts';

interface ScreenParts {
  /** What has the shape of the screen. */
  stage: { current: HTMLElement | null };
  /** Where it is drawn. */
  place: { current: HTMLElement | null };
  /** Called before a screen whose connection is lost goes away. */
  onLost: () => void;
}

/** The screen of a machine, drawn live for as long as it runs. */
export function useScreen(boot: LiveBoot, { stage, place, onLost }: ScreenParts) {
  const screen = useRef<RFB | null>(null);
  const [state, setState] = useState<LineState>('connecting');
  const [lastPicture, setLastPicture] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (!place.current || !stage.current) return;
    const end = new AbortController();
    const stopFitting = fitStage(stage.current, place.current, `Screen of ${boot.artifact}`);
    end.signal.addEventListener('abort', stopFitting, { once: true });
    showScreen({
      id: boot.id,
      signal: end.signal,
      place: place.current,
      onState: setState,
      onScreen: (live, picture) => {
        if (!live) onLost();
        screen.current = live;
        setLastPicture(picture);
      },
    }).catch((error: unknown) => {
      console.warn('The screen cannot be shown live', error);
      if (!end.signal.aborted) setState('refused');
    });
    return () => end.abort();
  }, [boot.id, round]);
  return { screen, state, lastPicture, again: () => setRound(round + 1) };
}

import { useEffect, useRef, useState } from 'preact/hooks';
import { LeaveKeys } from './leave-keys.ts';

interface InsideOptions {
  /** The element whose keys are the machine's while the focus is in it. */
  place: { current: HTMLElement | null };
  /** What gets the focus of whoever leaves. */
  wayOut: { current: HTMLElement | null };
}

/** Whether keys go to the machine: from `enter` on, until the focus is elsewhere or the sign to leave is given. */
export function useInside({ place, wayOut }: InsideOptions) {
  const [isInside, setInside] = useState(false);
  const now = useRef(false);
  const change = (inside: boolean) => {
    if (now.current === inside) return;
    now.current = inside;
    setInside(inside);
  };
  const leave = () => {
    if (!now.current) return;
    wayOut.current?.focus();
    // What has vanished with the focus on it tells nobody that it lost it.
    change(false);
  };
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const end = new AbortController();
    const keys = new LeaveKeys();
    const held = new Map<string, string>();
    const onKey = (event: KeyboardEvent) => {
      if (event.type === 'keydown') held.set(event.code, event.key);
      else held.delete(event.code);
      if (keys.sees(event)) leave();
    };
    const onBlur = ({ target }: FocusEvent) => {
      change(false);
      // They will be let go of elsewhere, and the machine must not take them for held.
      for (const [code, key] of [...held]) target?.dispatchEvent(new KeyboardEvent('keyup', { code, key }));
      held.clear();
    };
    // Before those who take the keys see them.
    element.addEventListener('keydown', onKey, { capture: true, signal: end.signal });
    element.addEventListener('keyup', onKey, { capture: true, signal: end.signal });
    element.addEventListener('focusout', onBlur, { signal: end.signal });
    return () => end.abort();
  }, []);
  return { isInside, enter: () => change(true), leave };
}

import { useEffect, useState } from 'preact/hooks';
import { formatDuration } from '../../amounts.ts';
import { formatAge, formatMoment } from '../format.ts';

/** The present, again and again. */
export function useNow(everyMs = 1000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** How long ago something was; the exact time is its title. */
export function Age({ at }: { at: string }) {
  const now = useNow(10_000);
  return (
    <time dateTime={at} title={formatMoment(at)}>
      {formatAge(now - Date.parse(at))}
    </time>
  );
}

/** How long something took, or takes. */
export function Elapsed({ from, to }: { from: string; to: string | null }) {
  const now = useNow();
  return (
    <span class="elapsed">{formatDuration((to === null ? now : Date.parse(to)) - Date.parse(from))}</span>
  );
}

import type { Progress } from './schema.ts';

/** Silence shorter than this needs no word. */
const patienceSeconds = 60;

/** Why nothing seems to happen, or that nothing does: a stall is said, never hidden. */
export function describeSilence({
  running,
  silentSeconds,
  lastLine,
}: Pick<Progress, 'running' | 'silentSeconds' | 'lastLine'>): string | null {
  const image = running.find(({ writesImage }) => writesImage);
  const silence = silentSeconds < patienceSeconds ? '' : `nothing printed for ${minutes(silentSeconds)}`;
  if (image) {
    const what = `${image.name} writes the disk image, which prints nothing for minutes`;
    return silence === '' ? what : `${what} (${silence})`;
  }
  if (silence === '') return null;
  return lastLine === null ? `${capital(silence)}` : `${capital(silence)}; the last line was: ${lastLine}`;
}

function minutes(seconds: number): string {
  return seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`;
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** `now`, `5 min ago`, `3 days ago`. */
export function formatAge(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ago`;
  const days = Math.floor(hours / 24);
  return days === 1 ? 'yesterday' : `${days} days ago`;
}

/** `21 Nov 2026, 13:42:07`, in the reader’s time zone. */
export function formatMoment(at: string): string {
  return new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
}

export function formatClock(at: string): string {
  return new Date(at).toLocaleTimeString('en-GB');
}

/** `20 G` of MiB, as `--disk-size` takes it. */
export function formatMebibytes(mebibytes: number): string {
  if (mebibytes % (1024 * 1024) === 0) return `${mebibytes / (1024 * 1024)} TiB`;
  return mebibytes % 1024 === 0 ? `${mebibytes / 1024} GiB` : `${mebibytes} MiB`;
}

/** One word for a POSIX shell, quoted only where it has to be. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const bytesOf: Readonly<Record<string, number>> = {
  '': 1,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  T: 1024 ** 4,
};

/** Seconds of `90`, `30m`, `2h` or `1h30m`; nothing when it is no duration. */
export function parseDuration(text: string): number | undefined {
  if (/^[0-9]{1,12}$/.test(text)) return Number(text);
  if (!/^([0-9]{1,9}[smhd])+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/([0-9]+)([smhd])/g)];
  return parts.reduce((sum, [, number, unit = '']) => sum + Number(number) * (secondsOf[unit] ?? 0), 0);
}

/** Bytes of `1000`, `512M`, `10G` or `10GiB`, in powers of 1024; nothing when it is no size. */
export function parseBytes(text: string): number | undefined {
  const [, number, unit = ''] = /^([0-9]{1,15})([KMGT]?)(?:i?B)?$/.exec(text) ?? [];
  const bytes = Number(number) * (bytesOf[unit] ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** `1.5 MB`: decimal units, as disks and downloads are counted. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  // What would be rounded to 1000 has the next unit.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** `7 s`, `2 min 5 s`, `1 h 3 min`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

import { InvalidArgumentError } from 'commander';

const units: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600 };

/** A time such as `90`, `90s`, `5m` or `1h`, in seconds. */
export function seconds(text: string): number {
  const [, number, unit = ''] = /^([1-9][0-9]*)([smh]?)$/.exec(text) ?? [];
  const value = Number(number) * (units[unit] ?? Number.NaN);
  if (Number.isNaN(value)) throw new InvalidArgumentError('It must be a time, such as 90s, 5m or 1h.');
  return value;
}

const mebibytes: Readonly<Record<string, number>> = { M: 1, G: 1024 };

/** An amount of memory such as `512M` or `2G`, in MiB. */
export function memory(text: string): number {
  const [, number, unit = ''] = /^([1-9][0-9]*)([MG])i?B?$/.exec(text) ?? [];
  const value = Number(number) * (mebibytes[unit] ?? Number.NaN);
  if (Number.isNaN(value)) throw new InvalidArgumentError('It must be an amount such as 512M or 2G.');
  return value;
}

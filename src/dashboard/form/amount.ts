/** A figure and its unit, as they stand in two fields; the unit `none` is without limit. */
export interface Amount {
  /** Empty when nothing is said. */
  number: string;
  unit: string;
}

export type AmountKind = 'time' | 'size';

/** What each unit holds, the largest first. */
const units: Record<AmountKind, readonly [unit: string, worth: number][]> = {
  time: [
    ['days', 86_400],
    ['hours', 3600],
    ['minutes', 60],
    ['seconds', 1],
  ],
  size: [
    ['TiB', 1024 ** 4],
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
    ['KiB', 1024],
    ['bytes', 1],
  ],
};

/** The most that the orchestrator takes. */
const most = 999_999_999_999_999;

/** The units to choose from, the smallest first. */
export const unitsOf = (kind: AmountKind) => units[kind].map(([unit]) => unit).reverse();

/** Seconds or bytes; null is without limit, and nothing is said of what is empty. */
export function worthOf({ number, unit }: Amount, kind: AmountKind): number | null | undefined {
  if (unit === 'none') return null;
  if (number === '') return undefined;
  const worth = units[kind].find(([name]) => name === unit)?.[1] ?? Number.NaN;
  return Number(number) * worth;
}

/** As a person would say it: in the largest unit that it is whole in. */
export function amountOf(value: number | null, kind: AmountKind): Amount {
  if (value === null) return { number: '', unit: 'none' };
  const [unit, worth] = units[kind].find(([, worth]) => value % worth === 0) ?? ['', 1];
  return { number: String(value / worth), unit };
}

/** What is wrong with an amount, in a sentence. */
export function amountProblem(amount: Amount, kind: AmountKind): string | undefined {
  const value = worthOf(amount, kind);
  if (value === undefined || value === null) return undefined;
  if (!/^[0-9]+$/.test(amount.number) || value < 1) return 'It must be a whole number from 1 on.';
  return value > most ? 'This is more than can be counted: choose no limit.' : undefined;
}

/** `90 minutes`, `1 hour`, `no limit`. */
export function sayAmount(value: number | null, kind: AmountKind): string {
  if (value === null) return 'no limit';
  const { number, unit } = amountOf(value, kind);
  return `${number} ${number === '1' ? unit.replace(/s$/, '') : unit}`;
}

import { cpus, release, totalmem } from 'node:os';
import type { Comparison } from './measure.ts';

export interface Report {
  at: string;
  machine: string;
  small: boolean;
  comparisons: Comparison[];
}

export function describeMachine(): string {
  const [first] = cpus();
  const memory = Math.round(totalmem() / 1024 ** 3);
  return `${cpus().length} × ${first?.model ?? 'unknown processor'}, ${memory} GiB, Linux ${release()}, Node.js ${process.version}`;
}

/** Ours against another one: above 1 is better. */
export function ratio({ better, results }: Comparison, index: number): number {
  const [ours, other] = [results[0]?.median ?? Number.NaN, results[index]?.median ?? Number.NaN];
  return better === 'more' ? ours / other : other / ours;
}

const number = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

function row(comparison: Comparison): string {
  const { figure, unit, goal, results } = comparison;
  const [ours, ...others] = results;
  const peers = others.map(({ name, median }, index) => {
    return `${name} ${number(median)} (${ratio(comparison, index + 1).toFixed(2)} ×)`;
  });
  return `| ${figure} | ${number(ours?.median ?? Number.NaN)} ${unit} | ${peers.join(', ') || '–'} | ${goal ?? '–'} |`;
}

/** The table of docs/performance.md. */
export function markdown({ at, machine, comparisons }: Report): string {
  return [
    `Measured ${at.slice(0, 10)} on ${machine}. Medians; a factor above 1 means that ours is better than that one.`,
    '',
    '| what | ours | others | goal |',
    '|---|---|---|---|',
    ...comparisons.map(row),
  ].join('\n');
}

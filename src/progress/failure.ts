import { plainLine } from './clean-text.ts';
import { renderLog, type TextLine } from './log-text.ts';
import { nameOfPath } from './nix-log.ts';

export interface DerivationFailure {
  derivation: string;
  /** Such as `exit code 3`. */
  how: string;
  /** The last lines its build printed. */
  lines: string[];
}

const mostLines = 25;

/** Nix's words until 2.28, and since 2.29. */
const signs = [
  /builder for '([^']+\.drv)' failed (?:with|due to) ([^;\n]+)/,
  /Cannot build '([^']+\.drv)'\.\s+Reason: builder failed (?:with|due to) ([^.\n]+)/,
];

/**
 * Which derivation failed, and what its build printed last. Of several it is the first, because what Nix had
 * to stop afterwards fails too.
 */
export function findDerivationFailure(raw: string): DerivationFailure | undefined {
  const lines = renderLog(raw);
  const said = lines.map(({ text }) => plainLine(text)).join('\n');
  const found = signs.map((sign) => sign.exec(said)).find((match) => match !== null);
  if (!found?.[1]) return undefined;
  const derivation = nameOfPath(found[1]);
  return { derivation, how: (found[2] ?? '').trim(), lines: lastLines(lines, derivation) };
}

/** A line whose derivation is not known, because it had begun long before, counts as the failed one's. */
function lastLines(lines: readonly TextLine[], wanted: string): string[] {
  return lines
    .filter(({ ofBuild, derivation }) => ofBuild && (derivation === undefined || derivation === wanted))
    .slice(-mostLines)
    .map(({ text }) => plainLine(text.startsWith(`${wanted}> `) ? text.slice(wanted.length + 2) : text));
}

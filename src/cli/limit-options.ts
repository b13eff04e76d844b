import { type Command, InvalidArgumentError } from 'commander';
import { parseBytes, parseDuration } from '../amounts.ts';
import type { OwnLimits } from '../limits.ts';

export interface LimitFlags {
  timeLimit?: number | null;
  silenceLimit?: number | null;
  logLimit?: number | null;
  artifactLimit?: number | null;
}

/** Adds the options of `limits`; what is left out is the installation's. */
export function addLimitOptions(command: Command): Command {
  return command
    .option('--time-limit <time>', 'end it after so long, such as 2h; none for no limit', duration)
    .option('--silence-limit <time>', 'end it when it prints nothing for so long', duration)
    .option('--log-limit <size>', 'end it when its log gets larger, such as 100M', size)
    .option('--artifact-limit <size>', 'end it when its artifacts together are larger, such as 10G', size);
}

/** The limits of a request: nothing when no flag was given. */
export function limitsOf(flags: LimitFlags): { limits?: OwnLimits } {
  const { timeLimit: time, silenceLimit: silence, logLimit: log, artifactLimit: artifact } = flags;
  const given = Object.entries({ time, silence, log, artifact }).filter(([, value]) => value !== undefined);
  return given.length === 0 ? {} : { limits: Object.fromEntries(given) };
}

const duration = (text: string) => amount(text, parseDuration, 'a duration such as 90s, 30m or 2h');
const size = (text: string) => amount(text, parseBytes, 'a size such as 512M or 10G');

function amount(text: string, parse: (text: string) => number | undefined, such: string): number | null {
  if (text === 'none') return null;
  const value = parse(text);
  if (value === undefined || value < 1) throw new InvalidArgumentError(`It must be ${such}, or none.`);
  return value;
}

import { open } from 'node:fs/promises';
import type { BridgeEventOf } from '../bridge/messages.ts';
import { NexusError } from '../errors.ts';
import { plainLine } from '../progress/clean-text.ts';
import { findDerivationFailure } from '../progress/failure.ts';
import { renderLog } from '../progress/log-text.ts';
import { knownCause } from './known-causes.ts';

/** A raw log says everything in many more words than people read. */
const tailBytes = 1024 * 1024;
const mostLines = 25;
const linesBefore = 10;

/** What a build that did not succeed tells the person: how it ended, and the lines of its log that say why. */
export async function explainFailure(
  finished: BridgeEventOf<'finished'>,
  logPath: string,
): Promise<NexusError> {
  const { what, lines } = reasonIn(await readTail(logPath));
  const first = what && finished.result === 'exit-code' ? what : howItEnded(finished);
  const said = lines.length > 0 ? `\n${lines.join('\n')}` : ' and printed nothing';
  const advice = knownCause(lines.join('\n'));
  const whole = 'The whole log: nexus logs';
  const hint = advice ? `${advice}\n${whole}` : whole;
  return new NexusError('build-failed', `${first}${said}`, { hint });
}

/** The derivation that failed and the last lines of its own log; without one, the lines that say why. */
function reasonIn(raw: string): { what?: string; lines: string[] } {
  const failure = findDerivationFailure(raw);
  if (!failure || failure.lines.length === 0) return { lines: failingLines(textOf(raw)) };
  const what = `The build of ${failure.derivation} failed with ${failure.how}; it printed last:`;
  return { what, lines: failure.lines.map((line) => `  ${line.replaceAll(buildFolder, '')}`) };
}

const textOf = (raw: string) =>
  renderLog(raw)
    .map(({ text }) => plainLine(text))
    .join('\n');

function howItEnded({ result, status, signal }: BridgeEventOf<'finished'>): string {
  switch (result) {
    case 'oom-kill':
      return 'The builder ran out of memory and killed the build';
    case 'timeout':
      return 'The build took longer than it may';
    case 'interrupted':
      return 'The build was interrupted: its machine or its watcher was restarted';
    case 'cancelled':
      return 'The build was cancelled on the builder';
    case 'signal':
      return `The build was ended by signal ${signal ?? 'unknown'}`;
    default:
      return `The build failed with status ${status ?? 'unknown'}`;
  }
}

/** The last error that was printed, and then what was printed just before it; or the last lines when there is none. */
export function failingLines(log: string): string[] {
  const lines = log
    .split('\n')
    .map((line) => line.trimEnd().replaceAll(buildFolder, ''))
    .filter((line) => !isNixChatter(line));
  while (lines.at(-1) === '') lines.pop();
  const error = lines.findLastIndex((line) => /^\s*(error|fatal)\b.*:./i.test(line));
  if (error === -1) return lines.slice(-mostLines);
  const before = lines.slice(Math.max(0, error - linesBefore), error).filter((line) => line.trim() !== '');
  const said = lines.slice(error, error + mostLines).map((line) => line.trim());
  return before.length === 0 ? said : [...said, 'Before that:', ...before.map((line) => `  ${line}`)];
}

/** Where the source lies on the builder means nothing to the person. */
const buildFolder = /\/\S*\/builds\/[a-z0-9-]+\/(source\/)?/g;

/** What Nix says of its own work explains no failure. */
function isNixChatter(line: string): boolean {
  return /^(building|copying path) '|^(these|this) .*(derivation|path)s? will be |^ {2}\/nix\/store\/\S+$/.test(
    line,
  );
}

async function readTail(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const length = Math.min(size, tailBytes);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    const text = buffer.toString();
    // The line in whose middle this begins says nothing.
    return length < size ? text.slice(text.indexOf('\n') + 1) : text;
  } finally {
    await file.close();
  }
}

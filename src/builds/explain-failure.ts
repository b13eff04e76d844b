import { open } from 'node:fs/promises';
import { formatBytes, formatDuration } from '../amounts.ts';
import type { BridgeEventOf } from '../bridge/messages.ts';
import { NexusError } from '../errors.ts';
import type { LimitName } from '../limits.ts';
import { plainLine } from '../progress/clean-text.ts';
import { findDerivationFailure } from '../progress/failure.ts';
import { renderLog } from '../progress/log-text.ts';
import type { BuilderRoom } from './builder-room.ts';
import { knownCause } from './known-causes.ts';

/** A raw log says everything in many more words than people read. */
const tailBytes = 1024 * 1024;
const mostLines = 25;
const linesBefore = 10;

/** What was free on the builder before and after a build, as far as it is known. */
export interface RoomAround {
  before?: BuilderRoom | undefined;
  after?: BuilderRoom | undefined;
}

/** What a build that did not succeed tells the person: how it ended, and the lines of its log that say why. */
export async function explainFailure(
  finished: BridgeEventOf<'finished'>,
  logPath: string,
  room: RoomAround = {},
): Promise<NexusError> {
  if (finished.result === 'timeout' && finished.limit) return limitReached(finished.limit);
  const { what, lines, around } = reasonIn(await readTail(logPath));
  const said = lines.length > 0 ? `\n${lines.join('\n')}` : ' and printed nothing';
  const code = codeOf(finished, around.join('\n'), room);
  const first =
    what && code === 'build-failed' && finished.result === 'exit-code' ? what : howItEnded(finished, code);
  const advice = adviceOf[code] ?? knownCause([...lines, ...around].join('\n'));
  const whole = 'The whole log: nexus logs';
  const hint = advice ? `${advice}\n${whole}` : whole;
  return new NexusError(code, `${first}${said}`, { hint });
}

interface Reason {
  /** The cause in a sentence, when it is one derivation. */
  what?: string;
  /** What was printed that says why. */
  lines: string[];
  /** The last error and what came before it, each line with the name of whose build printed it. */
  around: string[];
}

/** The derivation that failed and the last lines of its own log; without one, the lines that say why. */
function reasonIn(raw: string): Reason {
  const text = renderLog(raw).map((line) => plainLine(line.text));
  const around = failingLines(text.join('\n'));
  const failure = findDerivationFailure(raw);
  if (!failure || failure.lines.length === 0) return { lines: around, around };
  const what = `The build of ${failure.derivation} failed with ${failure.how}; it printed last:`;
  return { what, lines: failure.lines.map((line) => `  ${line.replaceAll(buildFolder, '')}`), around };
}

/** A build that has reached one of its limits, with the limit and how to change it. */
export function limitReached({ name, value }: { name: LimitName; value: number }): NexusError {
  const most = {
    time: `It ran for ${formatDuration(value * 1000)}, which is its limit`,
    silence: `It printed nothing for ${formatDuration(value * 1000)}, which is its limit`,
    log: `Its log has more than ${formatBytes(value)}, which is its limit`,
    artifact: `Its artifacts have more than ${formatBytes(value)}, which is their limit`,
  }[name];
  return new NexusError('limit-reached', `${most} (${name}=${value})`, {
    hint: `--${name}-limit allows one build more, NEXUS_LIMIT_${name.toUpperCase()} every build.\nThe whole log: nexus logs`,
  });
}

/** Less than this is a full disk, whatever was freed when the build had ended. */
const fullBytes = 256 * 1024 * 1024;

/** Nix's own words of a full disk, which are not about the disk of an image. */
const nixDiskFull = /^\s*error: (?!builder for ).*(No space left on device|database or disk is full)/m;

/** With so little left, the log of the build could not say so any more. */
const nothingBytes = 4 * 1024 * 1024;

type FailureCode = 'out-of-memory' | 'disk-full' | 'build-failed';

function codeOf(
  { result }: BridgeEventOf<'finished'>,
  said: string,
  { before, after }: RoomAround,
): FailureCode {
  if (result === 'oom-kill') return 'out-of-memory';
  if (/No space left on device|disk is full/.test(said) && after && after.disk < fullBytes)
    return 'disk-full';
  if (nixDiskFull.test(said) || (after && after.disk < nothingBytes)) return 'disk-full';
  // Somebody was killed meanwhile, and something of this build was killed.
  if (before && after && after.oomKills > before.oomKills && /signal 9|Killed|137/.test(said))
    return 'out-of-memory';
  return 'build-failed';
}

const adviceOf: Partial<Record<FailureCode, string>> = {
  'out-of-memory':
    'Give the builder more memory with NEXUS_VM_MEMORY, or build fewer things at once. Some image formats need several GiB.',
  'disk-full': 'Give the builder a larger disk with NEXUS_VM_DISK, or free some of it with `nexus gc`.',
};

function howItEnded({ result, status, signal }: BridgeEventOf<'finished'>, code: FailureCode): string {
  if (code === 'out-of-memory') return 'The builder ran out of memory and killed the build';
  if (code === 'disk-full') return 'The disk of the builder got full';
  switch (result) {
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

/**
 * The log of Nix with `--log-format internal-json`: one `@nix {…}` a line, between lines that are not Nix's own.
 * The format has no specification; numbers and fields are those of `logging.hh` (Nix 2.8 to 2.34, and Lix).
 */

/** How much an activity's or a message's text matters: 0 error, 1 warning, 2 notice, 3 info; more is for debugging. */
export const infoLevel = 3;

export const activityTypes = {
  copyPath: 100,
  fileTransfer: 101,
  realise: 102,
  copyPaths: 103,
  builds: 104,
  build: 105,
  substitute: 108,
  queryPathInfo: 109,
  postBuildHook: 110,
  buildWaiting: 111,
} as const;

export const resultTypes = {
  buildLogLine: 101,
  setPhase: 104,
  progress: 105,
  setExpected: 106,
  postBuildLogLine: 107,
} as const;

/** Made of a process id and a counter, and larger than a number can be: then it is text. */
export type ActivityId = number | string;
export type Field = string | number;

export type NixEvent =
  | { action: 'start'; id: ActivityId; type: number; level: number; text: string; fields: Field[] }
  | { action: 'stop'; id: ActivityId }
  | { action: 'result'; id: ActivityId; type: number; fields: Field[] }
  | { action: 'msg'; level: number; text: string }
  /** Something of Nix, or of nixpkgs' own scripts, that is of no interest here. */
  | { action: 'other' };

const prefix = '@nix ';

/** One line of a log; nothing when it is not Nix's but somebody's plain text. Never throws. */
export function parseNixLine(line: string): NixEvent | undefined {
  if (!line.startsWith(prefix)) return undefined;
  const record = parseObject(line.slice(prefix.length));
  if (record === undefined || typeof record.action !== 'string') return undefined;
  switch (record.action) {
    case 'msg':
      return { action: 'msg', level: numberOf(record.level), text: textOf(record.msg) };
    case 'start':
    case 'stop':
    case 'result':
      return parseActivity(record.action, record, line);
    default:
      return { action: 'other' };
  }
}

type Json = Record<string, unknown>;

function parseActivity(action: 'start' | 'stop' | 'result', record: Json, line: string): NixEvent {
  const id = idOf(record, line);
  if (id === undefined) return { action: 'other' };
  if (action === 'stop') return { action, id };
  const common = { id, type: numberOf(record.type), fields: fieldsOf(record.fields) };
  if (action === 'result') return { action, ...common };
  return { action, ...common, level: numberOf(record.level), text: textOf(record.text) };
}

function parseObject(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    // A line that was cut, or that a program printed to look like one of Nix's.
    return undefined;
  }
}

function idOf({ id }: Json, line: string): ActivityId | undefined {
  if (typeof id !== 'number') return undefined;
  // In a string of the line the quotes would be escaped, so this is the field.
  return Number.isSafeInteger(id) ? id : /"id":\s*(\d+)/.exec(line)?.[1];
}

const numberOf = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : 0);
const textOf = (value: unknown) => (typeof value === 'string' ? value : '');

function fieldsOf(value: unknown): Field[] {
  if (!Array.isArray(value)) return [];
  return value.map((field) => (typeof field === 'string' ? field : numberOf(field)));
}

/** `/nix/store/HASH-kernel-6.12.drv` is `kernel-6.12`. */
export function nameOfPath(path: string): string {
  return path.replace(/^.*\/[a-z0-9]{32}-/, '').replace(/\.drv$/, '');
}

import { z } from 'zod';
import { parseBytes, parseDuration } from './amounts.ts';

/** What one build may use; null is without limit. */
export interface Limits {
  /** Seconds from its first process to its end. */
  time: number | null;
  /** Seconds without a line in its log. */
  silence: number | null;
  /** Bytes of its log. */
  log: number | null;
  /** Bytes of all its artifacts together. */
  artifact: number | null;
}

export type LimitName = keyof Limits;
export const limitNames = ['time', 'silence', 'log', 'artifact'] as const satisfies LimitName[];

/** The watcher reads at most 15 digits. */
const most = 999_999_999_999_999;
const seconds = z.number().int().min(1).max(most).nullable().optional();
const bytes = z.number().int().min(1).max(most).nullable().optional();

/** The limits in a request: what is left out is the installation's, and null is none. */
export const ownLimits = z
  .strictObject({
    time: seconds.describe('Seconds from its first process to its end'),
    silence: seconds.describe('Seconds without any output'),
    log: bytes.describe('Bytes of its log'),
    artifact: bytes.describe('Bytes of all its artifacts together'),
  })
  .describe('What the build may use; null is without limit, and what is left out is the installation’s');

export type OwnLimits = z.infer<typeof ownLimits>;

/** The limits of a build that says some of its own. */
export function limitsInEffect(own: OwnLimits = {}, byDefault: Limits): Limits {
  const given = limitNames.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]]]));
  return { ...byDefault, ...Object.fromEntries(given) };
}

/** What has to be free before something is begun. */
export interface RoomNeeded {
  /** Bytes on the disk of the builder for an image; other builds need a tenth. */
  builder: number;
  /** Bytes of memory on the builder. */
  memory: number;
  /** Bytes in the folders of data and artifacts. */
  here: number;
  /** How long a build waits for room that others may free. */
  timeoutMs: number;
}

/** What the installation keeps; null is everything. */
export interface Keep {
  /** Days since the end of a build. */
  days: number | null;
  /** How many finished builds. */
  builds: number | null;
  /** Bytes of records and logs, and of artifacts when they go with their builds. */
  bytes: number | null;
  /** Whether the artifacts of a build go when it goes. */
  artifacts: 'always' | 'with-build';
}

type Parse = (text: string) => number | undefined;

/** An amount that `parse` understands, and at least `least`. */
function amount(parse: Parse, least: number, such: string) {
  return z.string().transform((text, context) => {
    const value = parse(text);
    if (value !== undefined && value >= least) return value;
    context.addIssue({ code: 'custom', message: `must be ${such}` });
    return z.NEVER;
  });
}

/** The same, or `none`. */
function limit(parse: Parse, such: string) {
  const limited = amount(parse, 1, `${such}, or none`);
  return z
    .string()
    .transform((text) => (text === 'none' ? null : text))
    .pipe(limited.nullable());
}

const durations = 'a duration such as 90s, 30m or 2h';
const sizes = 'a size such as 512M or 10G';
export const durationSetting = amount(parseDuration, 1, durations);
export const sizeSetting = amount(parseBytes, 0, sizes);

const numberOrNone = limit(
  (text) => (/^[0-9]{1,9}$/.test(text) ? Number(text) : undefined),
  'a whole number',
);

const gibibyte = 1024 ** 3;

/** The settings of limits and room, for `readConfig`. */
export const limitSettings = {
  NEXUS_LIMIT_TIME: limit(parseDuration, durations).default(24 * 3600),
  NEXUS_LIMIT_SILENCE: limit(parseDuration, durations).default(4 * 3600),
  NEXUS_LIMIT_LOG: limit(parseBytes, sizes).default(gibibyte),
  NEXUS_LIMIT_ARTIFACT: limit(parseBytes, sizes).default(null),
  NEXUS_ROOM_BUILDER: sizeSetting.default(5 * gibibyte),
  NEXUS_ROOM_MEMORY: sizeSetting.default(gibibyte / 4),
  NEXUS_ROOM_HERE: sizeSetting.default(gibibyte / 2),
  NEXUS_ROOM_TIMEOUT: durationSetting.default(600),
  NEXUS_KEEP_DAYS: numberOrNone.default(null),
  NEXUS_KEEP_BUILDS: numberOrNone.default(null),
  NEXUS_KEEP_BYTES: limit(parseBytes, sizes).default(10 * gibibyte),
  NEXUS_KEEP_ARTIFACTS: z.enum(['always', 'with-build']).default('always'),
  NEXUS_GC_INTERVAL: limit(parseDuration, durations).default(3600),
};

type Settings = { [K in keyof typeof limitSettings]: z.output<(typeof limitSettings)[K]> };

export interface LimitsConfig {
  /** What a build may use that says nothing else. */
  limits: Limits;
  /** What has to be free before a build begins. */
  room: RoomNeeded;
  keep: Keep;
  /** How often garbage is collected; null is never. */
  gcIntervalMs: number | null;
}

export function limitsOf(settings: Settings): LimitsConfig {
  const interval = settings.NEXUS_GC_INTERVAL;
  return {
    limits: {
      time: settings.NEXUS_LIMIT_TIME,
      silence: settings.NEXUS_LIMIT_SILENCE,
      log: settings.NEXUS_LIMIT_LOG,
      artifact: settings.NEXUS_LIMIT_ARTIFACT,
    },
    room: {
      builder: settings.NEXUS_ROOM_BUILDER,
      memory: settings.NEXUS_ROOM_MEMORY,
      here: settings.NEXUS_ROOM_HERE,
      timeoutMs: settings.NEXUS_ROOM_TIMEOUT * 1000,
    },
    keep: {
      days: settings.NEXUS_KEEP_DAYS,
      builds: settings.NEXUS_KEEP_BUILDS,
      bytes: settings.NEXUS_KEEP_BYTES,
      artifacts: settings.NEXUS_KEEP_ARTIFACTS,
    },
    gcIntervalMs: interval === null ? null : interval * 1000,
  };
}

import { z } from 'zod';
import { limitNames } from '../limits.ts';

/** Protocol version of the pipe; docs/protocol.md is its specification. */
export const protocolVersion = 1;

/** Ends up in unit names, paths and shell words on the builder, so it has nothing to quote. */
export const buildIdPattern = /^[a-z0-9][a-z0-9-]{0,62}$/;

const common = { v: z.literal(protocolVersion), seq: z.number().int().nonnegative(), at: z.string() };
const ofBuild = { ...common, id: z.string().regex(buildIdPattern) };

export const finishedResults = [
  'success',
  'exit-code',
  'signal',
  'oom-kill',
  'timeout',
  'cancelled',
  'interrupted',
] as const;

const hello = z.object({
  ...common,
  type: z.literal('hello'),
  epoch: z.string(),
  boot: z.string(),
  system: z.string(),
  cores: z.number(),
  memory: z.number(),
  kvm: z.boolean(),
  nix: z.string().nullable(),
  disk: z.object({ total: z.number(), free: z.number() }),
});

const eventSchema = z.discriminatedUnion('type', [
  hello,
  z.object({ ...ofBuild, type: z.literal('accepted'), again: z.boolean().optional() }),
  z.object({ ...common, type: z.literal('rejected'), id: z.string().nullable().optional(), why: z.string() }),
  z.object({ ...ofBuild, type: z.literal('started') }),
  z.object({
    ...ofBuild,
    type: z.literal('phase'),
    phase: z.string(),
    detail: z.string().nullable().optional(),
  }),
  z.object({
    ...ofBuild,
    type: z.literal('artifact'),
    name: z.string(),
    path: z.string(),
    bytes: z.number().int().nonnegative(),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  z.object({
    ...ofBuild,
    type: z.literal('finished'),
    // A later watcher may know more ways to end; whatever it is, it is not success.
    result: z.enum(finishedResults).catch('exit-code'),
    status: z.number().int().nullable(),
    signal: z.string().nullable().optional(),
    // Which one was reached, when that has ended it.
    limit: z
      .object({ name: z.enum(limitNames), value: z.number() })
      .optional()
      .catch(undefined),
    retrieve: z.array(z.string()).default([]),
  }),
]);

export type BridgeEvent = z.infer<typeof eventSchema>;
export type BridgeEventOf<T extends BridgeEvent['type']> = Extract<BridgeEvent, { type: T }>;
export type FinishedResult = (typeof finishedResults)[number];

const knownTypes = new Set<unknown>(eventSchema.options.map(({ shape }) => shape.type.value));

export type ParsedLine =
  | { kind: 'event'; event: BridgeEvent; stray?: string }
  /** A type this version does not know: to be ignored. */
  | { kind: 'unknown' }
  | { kind: 'malformed'; why: string };

/** How every event begins; within the text of one the quotes would be escaped. */
const beginning = `{"v":${protocolVersion},"seq":`;

/**
 * Reads one line of `pipe_out`. Never throws. What a stranger has left there without a newline stands in front of the
 * next event, which counts all the same.
 */
export function parseLine(line: string): ParsedLine {
  const whole = parseEvent(line);
  const at = line.lastIndexOf(beginning);
  if (whole.kind !== 'malformed' || at < 1) return whole;
  const end = parseEvent(line.slice(at));
  return end.kind === 'event' ? { ...end, stray: 'something that is no event stands before it' } : whole;
}

/** Reads one event. Never throws. */
export function parseEvent(text: string): ParsedLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'malformed', why: 'not JSON' };
  }
  const result = eventSchema.safeParse(value);
  if (result.success) return { kind: 'event', event: result.data };
  if (typeof value === 'object' && value !== null && 'type' in value && !knownTypes.has(value.type)) {
    return typeof value.type === 'string' ? { kind: 'unknown' } : { kind: 'malformed', why: 'no type' };
  }
  // A list of a million wrong members has a million complaints.
  const why = z.prettifyError({ ...result.error, issues: result.error.issues.slice(0, 3) });
  return { kind: 'malformed', why: why.replaceAll('\n', ' ').slice(0, 500) };
}

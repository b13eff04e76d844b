import { z } from 'zod';
import { buildIdPattern } from '../bridge/messages.ts';
import { errorCodes } from '../errors.ts';
import { buildRequest } from './request.ts';

export const buildStates = [
  'queued',
  'preparing',
  'building',
  'collecting',
  'succeeded',
  'failed',
  'cancelled',
] as const;

export const artifact = z.object({
  name: z.string().describe('File name in the artifacts folder'),
  bytes: z.number().int(),
  sha256: z.string(),
  path: z.string().describe('Where it lies for the user; empty until it was fetched'),
  modifiedAt: z.iso.datetime().optional().describe('When the file was written, once it is here'),
});

export const buildError = z.object({
  code: z.enum(errorCodes),
  message: z.string(),
  hint: z.string().optional(),
});

/** The record of a build, as it is stored, listed and sent over the API. */
export const buildSchema = z.object({
  id: z.string().regex(buildIdPattern),
  request: buildRequest,
  key: z.string().nullable().default(null).describe('The same for requests with the same result'),
  state: z.enum(buildStates),
  phase: z.string().nullable().describe('What the build does now, in its own words'),
  waiting: z.string().nullable().default(null).describe('What it waits for, when it does'),
  pinned: z.boolean().optional().describe('Nothing removes it; told of a single build only'),
  cancelling: z.boolean().default(false).describe('Somebody has asked for its end'),
  createdAt: z.iso.datetime(),
  startedAt: z.iso.datetime().nullable(),
  finishedAt: z.iso.datetime().nullable(),
  builder: z.string().nullable(),
  attempt: z.number().int().default(1).describe('2 when the builder interrupted the first one'),
  epoch: z.string().nullable().default(null).describe('Which pipe of a builder has it'),
  pipeSeq: z.number().int().default(0).describe('The last event of that pipe that is in the journal'),
  logStart: z.number().int().default(0).describe('Where in the log this attempt begins'),
  artifacts: z.array(artifact),
  fetched: z.number().describe('Bytes of the artifacts that have arrived'),
  retrieve: z.array(z.string()).describe('Commands that fetch the artifacts from the builder by hand'),
  error: buildError.nullable(),
});

export type Build = z.infer<typeof buildSchema>;
export type BuildState = Build['state'];
export type Artifact = z.infer<typeof artifact>;

export function isFinished({ state }: Pick<Build, 'state'>): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}

import { z } from 'zod';
import { buildSchema, buildStates } from '../builds/build.ts';
import { stopModes } from '../config.ts';
import { errorCodes } from '../errors.ts';
import { progressSchema } from '../progress/schema.ts';

export const errorReply = z.object({
  error: z.object({ code: z.enum(errorCodes), message: z.string(), hint: z.string().optional() }),
});

export const buildId = z.object({ id: z.string() });

export const pinReply = z.object({ id: z.string(), pinned: z.boolean() });

export const sourceReply = z.object({ id: z.string().describe('To be named in requests') });

export const sourceFingerprint = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'It must be 64 hexadecimal digits')
  .describe('What stands for the source as long as it does not change, chosen by whoever sends it');

export const foundSource = z.object({ id: z.string().nullable().describe('Null when there is none') });

export const builderConsole = z.object({ text: z.string().describe('Its last lines') });

export const loginCode = z.object({ code: z.string() });

/** A build, and what Nix does for it while it runs. */
export const buildView = buildSchema.extend({ progress: progressSchema.optional() });

export const buildList = z.object({
  builds: z.array(buildView),
  next: z.string().nullable().describe('What to give as `before` for older ones, when there are any'),
});

export const buildQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  before: z.string().optional().describe('Only builds older than this one'),
  state: z
    .union([z.enum(buildStates), z.array(z.enum(buildStates))])
    .optional()
    .describe('Only builds in this state; may be given several times'),
  name: z.string().optional(),
  text: z.string().optional().describe('Only builds with this in their name or id'),
});

export const builderStatus = z.object({
  kind: z.enum(['docker-vm', 'this-machine']).nullable(),
  state: z.enum(['absent', 'preparing', 'starting', 'ready', 'busy', 'stopping', 'lost']),
  step: z
    .object({ step: z.number(), of: z.number(), description: z.string(), detail: z.string().optional() })
    .nullable(),
  error: z.object({ code: z.enum(errorCodes), message: z.string(), hint: z.string().optional() }).nullable(),
  unreachableSince: z
    .string()
    .nullable()
    .describe('Since when it does not answer; what runs there goes on, and the connection is made again'),
  machine: z
    .object({
      system: z.string(),
      cores: z.number(),
      memory: z.number(),
      kvm: z.boolean(),
      nix: z.string().nullable(),
      diskFree: z.number(),
    })
    .nullable(),
});

export const stopReply = z.object({ builds: z.enum(stopModes) });

/** One line of the watch stream; an empty line means that nothing has changed for a while. */
export const watchLine = z.object({ build: buildView, builder: builderStatus });

export type BuilderStatusReply = z.infer<typeof builderStatus>;
export type BuildView = z.infer<typeof buildView>;
export type WatchLine = z.infer<typeof watchLine>;

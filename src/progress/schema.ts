import { z } from 'zod';

const count = z.object({ done: z.number(), total: z.number() });

/** A span of time in which something will most likely end. */
export const eta = z
  .object({ low: z.number(), high: z.number() })
  .describe('Seconds until Nix is done, as a range');

/** What a build that runs is doing, as far as Nix says. */
export const progressSchema = z.object({
  stage: z.string().describe('evaluating, fetching, building, or the phase that a script has named'),
  paths: count.describe('Store paths fetched from caches'),
  bytes: count.describe('Bytes of these paths, unpacked'),
  derivations: count.extend({ running: z.number(), failed: z.number() }),
  running: z
    .array(
      z.object({
        name: z.string(),
        phase: z.string().nullable(),
        seconds: z.number().nullable().describe('How long it has run; unknown when it began unseen'),
        line: z.string().nullable().describe('What it printed last'),
        writesImage: z.boolean().describe('It writes a disk image and is silent for minutes'),
      }),
    )
    .describe('The derivations that are built now, longest first; some of them when they are many'),
  lastLine: z.string().nullable(),
  silentSeconds: z.number().describe('How long nothing has been printed'),
  note: z.string().nullable().describe('Why nothing seems to happen, when nothing does'),
  eta: eta
    .nullable()
    .describe('From earlier builds of the same derivations; unknown when one of them is new'),
});

export type Progress = z.infer<typeof progressSchema>;
export type Eta = z.infer<typeof eta>;

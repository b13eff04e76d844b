import { z } from 'zod';
import { artifact, buildError } from './build.ts';
import { buildRequest } from './request.ts';

const seq = z.number().int().describe('Which event of the pipe said so');
const onBuilder = {
  builder: z.string(),
  epoch: z.string().describe('Which pipe of the builder it goes into'),
};

/** What can happen to a build and is kept in its journal. */
export const happening = z.discriminatedUnion('type', [
  z.object({ type: z.literal('queued'), request: buildRequest, key: z.string().nullable().default(null) }),
  z.object({ type: z.literal('prepare'), ...onBuilder }),
  z.object({ type: z.literal('retry'), ...onBuilder, why: z.string(), logStart: z.number().int() }),
  z.object({ type: z.literal('started'), seq }),
  z.object({ type: z.literal('phase'), phase: z.string(), seq }),
  z.object({ type: z.literal('collect'), artifacts: z.array(artifact), retrieve: z.array(z.string()) }),
  z.object({ type: z.literal('cancel') }),
  z.object({ type: z.literal('succeeded'), artifacts: z.array(artifact) }),
  z.object({ type: z.literal('failed'), error: buildError }),
  z.object({ type: z.literal('cancelled') }),
]);

/** A line of the journal: `n` counts 1, 2, 3 … within a build. */
export const buildEvent = z.intersection(
  z.object({ n: z.number().int().positive(), at: z.iso.datetime() }),
  happening,
);

export type Kept = z.infer<typeof happening>;
export type BuildEvent = z.infer<typeof buildEvent>;

/** What is told often and worth nothing after a crash; and whoever waits for room on a disk cannot write. */
export type Passing = { type: 'fetching'; bytes: number } | { type: 'waiting'; reason: string | null };

/** Everything that can happen to a build. */
export type Happening = Kept | Passing;

export function isKept(happening: Happening): happening is Kept {
  return happening.type !== 'fetching' && happening.type !== 'waiting';
}

/** The event of a journal's line; nothing when the line is damaged. */
export function parseBuildEvent(line: string): BuildEvent | undefined {
  try {
    const result = buildEvent.safeParse(JSON.parse(line));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}

import type { Build } from '../builds/build.ts';

/** As the server has it, whose own function would bring its schemas along. */
export function isFinished({ state }: Pick<Build, 'state'>): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}

/** The groups of builds that people look for. */
export const filters = {
  all: { label: 'All', takes: (_: Build) => true },
  live: { label: 'Under way', takes: (build: Build) => !isFinished(build) },
  succeeded: { label: 'Succeeded', takes: ({ state }: Build) => state === 'succeeded' },
  failed: { label: 'Failed', takes: ({ state }: Build) => state === 'failed' },
  cancelled: { label: 'Cancelled', takes: ({ state }: Build) => state === 'cancelled' },
} as const;

export type BuildFilter = keyof typeof filters;

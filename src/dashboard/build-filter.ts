import type { Build, BuildState } from '../builds/build.ts';

/** As the server has it, whose own function would bring its schemas along. */
export function isFinished({ state }: Pick<Build, 'state'>): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}

interface Filter {
  label: string;
  /** All when there are none. */
  states: readonly BuildState[];
}

/** The groups of builds that people look for. */
export const filters = {
  all: { label: 'All', states: [] },
  live: { label: 'Under way', states: ['queued', 'preparing', 'building', 'collecting'] },
  succeeded: { label: 'Succeeded', states: ['succeeded'] },
  failed: { label: 'Failed', states: ['failed'] },
  cancelled: { label: 'Cancelled', states: ['cancelled'] },
} as const satisfies Record<string, Filter>;

export type BuildFilter = keyof typeof filters;

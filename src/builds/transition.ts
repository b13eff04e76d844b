import { type ErrorReport, NexusError } from '../errors.ts';
import { type Artifact, type Build, type BuildState, isFinished } from './build.ts';
import type { BuildRequest } from './request.ts';

/** Everything that can happen to a build. */
export type Happening =
  | { type: 'prepare'; builder: string }
  | { type: 'waiting'; reason: string | null }
  | { type: 'started' }
  | { type: 'phase'; phase: string }
  | { type: 'collect'; artifacts: Artifact[]; retrieve: string[] }
  | { type: 'fetching'; bytes: number }
  | { type: 'succeeded'; artifacts: Artifact[] }
  | { type: 'failed'; error: ErrorReport }
  | { type: 'cancelled' };

export function newBuild(id: string, request: BuildRequest, at: Date): Build {
  return {
    id,
    request,
    state: 'queued',
    phase: null,
    waiting: null,
    createdAt: at.toISOString(),
    startedAt: null,
    finishedAt: null,
    builder: null,
    artifacts: [],
    fetched: 0,
    retrieve: [],
    error: null,
  };
}

/** From which states each happening may come. */
const allowed: Record<Happening['type'], readonly BuildState[]> = {
  prepare: ['queued'],
  waiting: ['queued', 'preparing', 'building', 'collecting'],
  started: ['preparing'],
  phase: ['preparing', 'building'],
  collect: ['preparing', 'building'],
  fetching: ['collecting'],
  succeeded: ['collecting'],
  failed: ['queued', 'preparing', 'building', 'collecting'],
  cancelled: ['queued', 'preparing', 'building', 'collecting'],
};

/**
 * The record after something has happened. Pure: the caller stores it and acts on it.
 * @throws {NexusError} `internal` for what cannot happen in this state; a finished build never changes.
 */
export function transition(build: Build, happening: Happening, at: Date): Build {
  if (!allowed[happening.type].includes(build.state)) {
    throw new NexusError(
      'internal',
      `Build ${build.id} is ${build.state}, so “${happening.type}” cannot happen to it`,
    );
  }
  const next = { ...build, ...change(happening, at) };
  return isFinished(next) ? { ...next, phase: null, waiting: null, finishedAt: at.toISOString() } : next;
}

function change(happening: Happening, at: Date): Partial<Build> {
  switch (happening.type) {
    case 'prepare':
      return { state: 'preparing', builder: happening.builder, startedAt: at.toISOString() };
    case 'waiting':
      return { waiting: happening.reason };
    case 'started':
      return { state: 'building' };
    case 'phase':
      return { phase: happening.phase };
    case 'collect':
      return {
        state: 'collecting',
        phase: 'fetching',
        artifacts: happening.artifacts,
        retrieve: happening.retrieve,
      };
    case 'fetching':
      return { fetched: happening.bytes };
    case 'succeeded':
      return { state: 'succeeded', artifacts: happening.artifacts };
    case 'failed':
      return { state: 'failed', error: withoutUndefined(happening.error) };
    case 'cancelled':
      return { state: 'cancelled' };
  }
}

/** Records are stored as JSON, where a missing hint is missing. */
function withoutUndefined({ code, message, hint }: ErrorReport): Build['error'] {
  return hint === undefined ? { code, message } : { code, message, hint };
}

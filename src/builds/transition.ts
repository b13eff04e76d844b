import { NexusError } from '../errors.ts';
import { type Build, type BuildState, isFinished } from './build.ts';
import type { Happening } from './event.ts';
import type { BuildRequest } from './request.ts';

/** @param key the same for requests with the same result. */
export function newBuild(id: string, request: BuildRequest, at: Date, key: string | null = null): Build {
  return {
    id,
    request,
    key,
    state: 'queued',
    phase: null,
    waiting: null,
    cancelling: false,
    createdAt: at.toISOString(),
    startedAt: null,
    finishedAt: null,
    builder: null,
    attempt: 1,
    epoch: null,
    pipeSeq: 0,
    logStart: 0,
    artifacts: [],
    fetched: 0,
    retrieve: [],
    error: null,
  };
}

const unfinished = ['queued', 'preparing', 'building', 'collecting'] as const;

/** From which states each happening may come. */
const allowed: Record<Happening['type'], readonly BuildState[]> = {
  // It makes the record, so there is none before.
  queued: [],
  prepare: ['queued'],
  retry: ['preparing', 'building', 'collecting'],
  started: ['preparing'],
  phase: ['preparing', 'building'],
  collect: ['preparing', 'building'],
  fetching: ['collecting'],
  waiting: unfinished,
  cancel: unfinished,
  succeeded: ['collecting'],
  failed: unfinished,
  cancelled: unfinished,
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
  const next = { ...build, ...change(build, happening, at) };
  return isFinished(next) ? { ...next, phase: null, waiting: null, finishedAt: at.toISOString() } : next;
}

function change(build: Build, happening: Happening, at: Date): Partial<Build> {
  switch (happening.type) {
    case 'queued':
      return {};
    case 'prepare': {
      const { builder, epoch } = happening;
      return { state: 'preparing', builder, epoch, startedAt: at.toISOString() };
    }
    case 'retry': {
      const { builder, epoch, logStart } = happening;
      const again = { state: 'preparing', attempt: build.attempt + 1, phase: null } as const;
      // Numbers of one pipe say nothing in another.
      const pipeSeq = epoch === build.epoch ? build.pipeSeq : 0;
      return { ...again, builder, epoch, pipeSeq, logStart, artifacts: [], fetched: 0, retrieve: [] };
    }
    case 'started':
      return { state: 'building', pipeSeq: happening.seq };
    case 'phase':
      return { phase: happening.phase, pipeSeq: happening.seq };
    case 'collect':
      return {
        state: 'collecting',
        phase: 'fetching',
        artifacts: happening.artifacts,
        retrieve: happening.retrieve,
      };
    case 'fetching':
      return { fetched: happening.bytes };
    case 'waiting':
      return { waiting: happening.reason };
    case 'cancel':
      return { cancelling: true };
    case 'succeeded':
      return { state: 'succeeded', artifacts: happening.artifacts, fetched: sizeOf(happening.artifacts) };
    case 'failed':
      return { state: 'failed', error: withoutUndefined(happening.error) };
    case 'cancelled':
      return { state: 'cancelled' };
  }
}

/** An orchestrator that found them here, or made the record anew, has not counted them as they came. */
const sizeOf = (artifacts: Build['artifacts']) => artifacts.reduce((sum, { bytes }) => sum + bytes, 0);

/** Records are stored as JSON, where a missing hint is missing. */
function withoutUndefined({ code, message, hint }: NonNullable<Build['error']>): Build['error'] {
  return hint === undefined ? { code, message } : { code, message, hint };
}

import type { BridgeEvent, BridgeEventOf } from '../bridge/messages.ts';
import type { Build } from './build.ts';
import type { Happening } from './event.ts';

export interface WatchBuildOptions {
  /** The record as it is now. */
  current: () => Build;
  happen: (happening: Happening) => Promise<unknown>;
}

export interface Outcome {
  finished: BridgeEventOf<'finished'>;
  artifacts: BridgeEventOf<'artifact'>[];
}

/**
 * Reads the events of a build until it has finished. They may begin with some that are in the journal already: those
 * are counted for the outcome, and happen no second time.
 */
export async function watchBuild(
  { current, happen }: WatchBuildOptions,
  events: AsyncIterable<BridgeEvent>,
): Promise<Outcome> {
  const artifacts = new Map<string, BridgeEventOf<'artifact'>>();
  for await (const event of events) {
    if (event.type === 'artifact') artifacts.set(`${event.seq}`, event);
    if (event.type === 'finished') return { finished: event, artifacts: [...artifacts.values()] };
    const next = happeningOf(event, current());
    if (next) await happen(next);
  }
  throw new Error('unreachable: the events of a build end with finished or with an error');
}

/** What is new in an event. */
function happeningOf(event: BridgeEvent, { state, pipeSeq }: Build): Happening | undefined {
  const { seq } = event;
  if (seq <= pipeSeq) return undefined;
  if (event.type === 'started' && state === 'preparing') return { type: 'started', seq };
  if (event.type === 'phase' && (state === 'preparing' || state === 'building')) {
    return { type: 'phase', phase: event.detail ? `${event.phase} ${event.detail}` : event.phase, seq };
  }
  return undefined;
}

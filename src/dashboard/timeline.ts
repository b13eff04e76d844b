import type { BuildEvent } from '../builds/event.ts';
import type { BuildView } from '../http/schemas.ts';
import { isFinished } from './build-filter.ts';

export interface TimelineStep {
  title: string;
  detail?: string;
  state: 'done' | 'now' | 'later' | 'bad';
  at: string | null;
}

/** More phases than this tell nobody anything. */
const mostPhases = 12;

/** The way of a build: what has happened to it, what it does, and what is to come. */
export function timelineOf(build: BuildView, events: readonly BuildEvent[]): TimelineStep[] {
  const steps = withoutOldPhases(events).map(stepOf);
  if (isFinished(build)) return steps;
  const last = steps.at(-1);
  if (last) last.state = 'now';
  return [...steps, ...toCome(build)];
}

function stepOf(event: BuildEvent): TimelineStep {
  const { at } = event;
  switch (event.type) {
    case 'queued':
      return { title: 'Accepted', state: 'done', at };
    case 'prepare':
      return { title: 'Given to the builder', detail: event.builder, state: 'done', at };
    case 'retry':
      return { title: 'Begun anew', detail: event.why, state: 'bad', at };
    case 'started':
      return { title: 'Started', state: 'done', at };
    case 'phase':
      return { title: sentence(event.phase), state: 'done', at };
    case 'collect':
      return { title: 'Fetching and checking', state: 'done', at };
    case 'cancel':
      return { title: 'Asked to end', state: 'done', at };
    case 'succeeded':
      return { title: 'Succeeded', state: 'done', at };
    case 'failed':
      return { title: 'Failed', state: 'bad', at };
    case 'cancelled':
      return { title: 'Cancelled', state: 'bad', at };
    default:
      return unknownStep(event);
  }
}

/** A later orchestrator may tell of more than this page knows. */
function unknownStep({ type, at }: { type: string; at: string }): TimelineStep {
  return { title: sentence(type), state: 'done', at };
}

function withoutOldPhases(events: readonly BuildEvent[]): readonly BuildEvent[] {
  const phases = events.filter(({ type }) => type === 'phase');
  const old = new Set(phases.slice(0, -mostPhases));
  return events.filter((event) => !old.has(event));
}

function toCome({ state, cancelling }: BuildView): TimelineStep[] {
  if (cancelling) return [];
  const built: TimelineStep = { title: 'Built', state: 'later', at: null };
  const fetched: TimelineStep = { title: 'Fetched and checked', state: 'later', at: null };
  if (state === 'collecting') return [fetched];
  return state === 'building' ? [fetched] : [built, fetched];
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

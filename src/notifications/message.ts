import type { Build } from '../builds/build.ts';
import type { BuildEvent } from '../builds/event.ts';

/** Of which happenings the world is told: those that change the state of a build. */
const states: Partial<Record<BuildEvent['type'], Build['state']>> = {
  queued: 'queued',
  prepare: 'preparing',
  retry: 'preparing',
  started: 'building',
  collect: 'collecting',
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** What a webhook receives. */
export interface Message {
  /** The same for every delivery of one event. */
  id: string;
  type: 'build.state';
  at: string;
  build: {
    id: string;
    name: string;
    kind: string;
    state: Build['state'];
    createdAt: string;
    artifacts?: { name: string; bytes: number; sha256: string; path: string }[];
    error?: Build['error'];
  };
}

/** The message of an event; nothing when it changes no state. The request may hold what is nobody’s business. */
export function messageOfEvent({ id, request, createdAt }: Build, event: BuildEvent): Message | undefined {
  const state = states[event.type];
  if (state === undefined) return undefined;
  const more =
    event.type === 'succeeded'
      ? {
          artifacts: event.artifacts.map(({ name, bytes, sha256, path }) => ({ name, bytes, sha256, path })),
        }
      : event.type === 'failed'
        ? { error: event.error }
        : {};
  const build = { id, name: request.name, kind: request.kind, state, createdAt, ...more };
  return { id: `${id}/${event.n}`, type: 'build.state', at: event.at, build };
}

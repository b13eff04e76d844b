import type { BridgeEvent } from './messages.ts';

/** Of so many builds at most: a pipe may be years old. */
const mostBuilds = 5000;
/** Of a build that says more the first phases are forgotten. */
const mostEvents = 10_000;

/** What the pipe has said of each build, for whoever takes a build up after an earlier orchestrator. */
export class KeptEvents {
  readonly #events = new Map<string, BridgeEvent[]>();

  of(id: string): readonly BridgeEvent[] {
    return [...(this.#events.get(id) ?? [])];
  }

  add(id: string, event: BridgeEvent): void {
    const events = this.#events.get(id) ?? [];
    events.push(event);
    if (events.length > mostEvents)
      events.splice(
        events.findIndex(({ type }) => type === 'phase'),
        1,
      );
    // Nobody needs to know what a finished build was doing.
    const kept = event.type === 'finished' ? events.filter(({ type }) => type !== 'phase') : events;
    // The build that was last heard of is the last one to be forgotten.
    this.#events.delete(id);
    this.#events.set(id, kept);
    const oldest = this.#events.keys().next();
    if (this.#events.size > mostBuilds && !oldest.done) this.#events.delete(oldest.value);
  }
}

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { systemCodeOf } from '../errors.ts';
import { waitAtMost } from '../transport/signals.ts';
import { isFinished } from './build.ts';
import { type BuildEvent, parseBuildEvent } from './event.ts';
import type { BuildStore } from './store.ts';

export interface EventStreamOptions {
  store: BuildStore;
  id: string;
  /** The journal of the build. */
  journal: string;
  /** Only events with a higher number are given. */
  since: number;
}

/** The events of a build that are on the disk now, at most so many. */
export async function eventsSoFar(options: EventStreamOptions, limit: number): Promise<BuildEvent[]> {
  const events: BuildEvent[] = [];
  for await (const event of read(options, { offset: 0 })) {
    if (event.n > options.since) events.push(event);
    if (events.length >= limit) break;
  }
  return events;
}

/**
 * The events of a build, those to come too, until it has ended; nothing now and then when nothing has happened.
 * They are read from the journal at the pace of the reader, so none is kept for a slow one, and none is lost to it.
 */
export async function* followEvents(
  options: EventStreamOptions,
  heartbeatMs: number,
  signal: AbortSignal,
): AsyncGenerator<BuildEvent | undefined> {
  const { store, id } = options;
  let since = options.since;
  let wake = () => {};
  const stop = store.onChange((build) => build.id === id && wake());
  const place = { offset: 0 };
  try {
    while (true) {
      // Both before the read: what happens during it is seen in the next one.
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const ended = isFinished(store.summary(id));
      for await (const event of read(options, place)) {
        if (event.n <= since) continue;
        since = event.n;
        yield event;
      }
      if (ended) return;
      while (!(await waitAtMost(changed, heartbeatMs, signal))) yield undefined;
    }
  } finally {
    stop();
  }
}

/** Reads on from a place in the journal, and moves it. */
async function* read(
  { store, id, journal }: EventStreamOptions,
  place: { offset: number },
): AsyncGenerator<BuildEvent> {
  const end = store.journalSize(id);
  if (end <= place.offset) return;
  const input = createReadStream(journal, { start: place.offset, end: end - 1 });
  // Its iterator would report no error of its input.
  let failed: unknown;
  input.on('error', (error) => {
    failed = error;
  });
  const start = place.offset;
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      const event = parseBuildEvent(line);
      if (event) yield event;
    }
    // A build may be older than its journal.
    if (failed && systemCodeOf(failed) !== 'ENOENT') throw failed;
    place.offset = start + input.bytesRead;
  } finally {
    input.destroy();
  }
}

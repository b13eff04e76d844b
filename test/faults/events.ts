import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { Build } from '../../src/builds/build.ts';
import type { Nexus } from './nexus.ts';

interface JournalEvent {
  n: number;
  type: string;
}

const ends = ['succeeded', 'failed', 'cancelled'];

/** The events on the disk; none when there is no journal yet. */
export async function journalOf(nexus: Nexus, id: string): Promise<JournalEvent[]> {
  const text = await readFile(nexus.paths.build(id).events, 'utf8').catch(() => '');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

/** The journal counts 1, 2, 3 … to the one event that ends the build, and the API tells just that from any event on. */
export async function checkEvents(nexus: Nexus, { id, state }: Build): Promise<void> {
  const events = await journalOf(nexus, id);
  assert.deepEqual(
    events.map(({ n }) => n),
    events.map((_, index) => index + 1),
    `the journal of ${id} has a gap or a double`,
  );
  assert.deepEqual(
    events.filter(({ type }) => ends.includes(type)).map(({ type }) => type),
    [state],
    `${id} has not ended once`,
  );
  assert.equal(events.at(-1)?.type, state, `something has happened to ${id} after its end`);
  for (const since of new Set([0, Math.floor(events.length / 2), events.length])) {
    assert.deepEqual(
      await eventsSince(nexus, id, since),
      events.slice(since),
      `the events of ${id} since ${since}`,
    );
  }
}

/** What the API tells, which is so many events at a time. */
async function eventsSince(nexus: Nexus, id: string, since: number): Promise<JournalEvent[]> {
  const events: JournalEvent[] = [];
  for (let last = since; ; last = events.at(-1)?.n ?? last) {
    const reply = await fetch(`${nexus.client.url}/api/v1/builds/${id}/events?since=${last}`, {
      headers: { authorization: `Bearer ${nexus.token}` },
    });
    assert.equal(reply.status, 200);
    const next = (await reply.json()) as { events: JournalEvent[] };
    if (next.events.length === 0) return events;
    events.push(...next.events);
  }
}

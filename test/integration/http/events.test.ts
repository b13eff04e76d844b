import assert from 'node:assert/strict';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { skipUnless, within } from '../../fixtures/limits.ts';
import { builderMissing, TestOrchestrator } from '../../fixtures/orchestrator.ts';

interface Event {
  n: number;
  at: string;
  type: string;
  phase?: string;
}

/** Reads server-sent events until there are so many, or until the stream ends. */
async function readEvents(
  reply: Response,
  most = Number.POSITIVE_INFINITY,
): Promise<[id: number, event: Event][]> {
  const events: [number, Event][] = [];
  let text = '';
  const decoder = new TextDecoder();
  const read = async () => {
    for await (const chunk of reply.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks.filter((block) => block !== ':')) {
        const [, id, type, data] = /^id: (\d+)\nevent: (.*)\ndata: (.*)$/.exec(block) ?? [];
        const event = JSON.parse(data ?? '') as Event;
        assert.equal(event.type, type);
        events.push([Number(id), event]);
        if (events.length === most) return;
      }
    }
  };
  await within('events', read());
  return events;
}

describe('The events of a build', () => {
  let nexus: TestOrchestrator;

  before(async function () {
    skipUnless(this, await builderMissing());
    nexus = await TestOrchestrator.start();
  });
  after(async () => nexus?.[Symbol.asyncDispose]());

  const events = (id: string, query = '', headers: Record<string, string> = {}) =>
    nexus.fetch(`/api/v1/builds/${id}/events${query}`, { headers: { authorization: token(), ...headers } });
  const token = () => `Bearer ${nexus.running.token}`;
  const live = (id: string, headers: Record<string, string> = {}) =>
    events(id, '', { accept: 'text/event-stream', ...headers });
  const listed = async (id: string, query = '') =>
    ((await (await events(id, query)).json()) as { events: Event[] }).events;

  it('are listed, all or after a number, each with what has happened', async () => {
    const build = await nexus.ended((await nexus.script('nexus-phase one; nexus-phase two')).id);
    const all = await listed(build.id);
    assert.deepEqual(
      all.map(({ n, type, phase }) => [n, phase ?? type]),
      ['queued', 'prepare', 'started', 'one', 'two', 'collect', 'succeeded'].map((what, at) => [
        at + 1,
        what,
      ]),
    );
    assert.equal(all.at(-1)?.at, build.finishedAt);
    assert.deepEqual(await listed(build.id, '?since=4'), all.slice(4));
    assert.deepEqual(await listed(build.id, '?since=99'), []);
    assert.equal((await events(build.id, '?since=-1')).status, 400);
    assert.equal((await events('nothing')).status, 404);
  });

  it('come as they happen, to every reader all of them in order, until the build has ended', async () => {
    const go = nexus.folder.file('go');
    const build = await nexus.script(
      `for n in 1 2 3; do nexus-phase "early $n"; done; until [ -e '${go}' ]; do sleep 0.05; done; for n in 1 2 3; do nexus-phase "late $n"; done`,
    );
    const readers = [live(build.id), live(build.id)];
    await nexus.inPhase(build.id, 'early 3');
    const third = await readEvents(await live(build.id), 5);
    const last = third.at(-1)?.[0] ?? 0;
    await writeFile(go, '');
    const rest = await readEvents(await live(build.id, { 'last-event-id': `${last}` }));
    const all = await Promise.all(readers.map(async (reply) => readEvents(await reply)));
    const expected = (await listed(build.id)).map((event) => [event.n, event]);
    assert.equal(expected.length, 11);
    for (const one of [...all, [...third, ...rest]]) assert.deepEqual(one, expected);
  });

  it('are those that can be read, when the journal is damaged', async () => {
    const build = await nexus.ended((await nexus.script('true')).id);
    const before = await listed(build.id);
    await appendFile(join(nexus.config.data, 'builds', build.id, 'events.jsonl'), 'damage\n{"n":');
    assert.deepEqual(await listed(build.id), before);
    assert.deepEqual(
      (await readEvents(await live(build.id))).map(([, event]) => event),
      before,
    );
  });

  it('keep nothing in memory for a reader that does not read', async () => {
    const build = await nexus.script('nexus-phase running; sleep 20');
    await nexus.inPhase(build.id, 'running');
    const abort = new AbortController();
    const idle = await Promise.all(
      Array.from({ length: 20 }, () =>
        nexus.fetch(`/api/v1/builds/${build.id}/events`, {
          headers: { accept: 'text/event-stream', authorization: token() },
          signal: abort.signal,
        }),
      ),
    );
    assert.ok(idle.every(({ status }) => status === 200));
    await nexus.client.cancel(build.id);
    abort.abort();
    assert.equal((await listed(build.id)).at(-1)?.type, 'cancelled');
  });
});

describe('The list of builds', () => {
  let nexus: TestOrchestrator;
  const ids: string[] = [];

  before(async function () {
    skipUnless(this, await builderMissing());
    nexus = await TestOrchestrator.start();
    for (const name of ['a', 'b', 'a', 'b', 'a'])
      ids.unshift((await nexus.ended((await nexus.script(name === 'a' ? 'true' : 'false', { name })).id)).id);
  });
  after(async () => nexus?.[Symbol.asyncDispose]());

  const page = async (query: string) => {
    const reply = await nexus.fetch(`/api/v1/builds${query}`);
    assert.equal(reply.status, 200, await reply.clone().text());
    const { builds, next } = (await reply.json()) as { builds: { id: string }[]; next: string | null };
    return { ids: builds.map(({ id }) => id), next };
  };

  it('comes in pages, newest first', async () => {
    assert.deepEqual(await page(''), { ids, next: null });
    const first = await page('?limit=2');
    assert.deepEqual(first, { ids: ids.slice(0, 2), next: ids[1] });
    const second = await page(`?limit=2&before=${first.next}`);
    assert.deepEqual(second, { ids: ids.slice(2, 4), next: ids[3] });
    assert.deepEqual(await page(`?limit=2&before=${second.next}`), { ids: ids.slice(4), next: null });
    assert.equal((await nexus.client.list(3)).length, 3);
  });

  it('is of one state or one name when that is wanted', async () => {
    assert.deepEqual((await page('?name=b')).ids, [ids[1], ids[3]]);
    assert.deepEqual((await page('?state=succeeded')).ids, [ids[0], ids[2], ids[4]]);
    assert.deepEqual(await page('?state=failed&limit=1'), { ids: [ids[1]], next: ids[1] });
    assert.deepEqual((await page('?state=queued')).ids, []);
    for (const query of ['?limit=0', '?limit=x', '?state=lost'])
      assert.equal((await nexus.fetch(`/api/v1/builds${query}`)).status, 400);
  });
});

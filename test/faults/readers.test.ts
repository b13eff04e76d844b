import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { skipUnless } from '../fixtures/limits.ts';
import { builderMissing } from '../fixtures/orchestrator.ts';
import { journalOf } from './events.ts';
import { checkInvariants } from './invariants.ts';
import { type Nexus, withNexus } from './nexus.ts';
import { Random, soak } from './seed.ts';

const readers = 8 * soak;

/** Of what the orchestrator may need for its readers; the log alone is far larger, for each of them. */
const mostGrowth = 250 * 1024 * 1024;

/** A log of 30 MB, and events all along. */
const script = `for ((part = 1; part <= 10; part++)); do
  nexus-phase "part $part"
  seq $(((part - 1) * 400000 + 1)) $((part * 400000))
done
`;

describe('Readers', () => {
  before(async function () {
    skipUnless(this, await builderMissing());
  });

  it(`of a log, ${readers} of them, slow or broken off, all get every byte once, and are not kept in memory`, async () => {
    const random = new Random('readers');
    await withNexus({}, async (nexus) => {
      await nexus.ended(await nexus.script('echo warm', { states: ['succeeded'] }));
      const before = await memoryOf(nexus);
      const id = await nexus.script(script, { states: ['succeeded'] });
      let highest = 0;
      const watching = new AbortController();
      const watch = async () => {
        while (!watching.signal.aborted) {
          highest = Math.max(highest, await memoryOf(nexus));
          await sleep(100);
        }
      };
      const watched = watch();
      const all = Array.from({ length: readers }, () => readLog(nexus, id, random));
      const lengths = await Promise.all(all);
      watching.abort();
      await watched;
      const whole = await readFile(nexus.paths.build(id).log);
      assert.deepEqual(new Set(lengths), new Set([whole.length]));
      assert.ok(highest - before < mostGrowth, `it has grown by ${(highest - before) / 2 ** 20} MiB`);
      await checkInvariants(nexus);
    });
  });

  it(`of events, ${readers} of them, slow or broken off, all get every event once`, async () => {
    const random = new Random('event readers');
    await withNexus({}, async (nexus) => {
      const says = 'for ((part = 1; part <= 60; part++)); do nexus-phase "part $part"; done';
      const id = await nexus.script(says, { states: ['succeeded'] });
      const seen = await Promise.all(Array.from({ length: readers }, () => readEvents(nexus, id, random)));
      const journal = (await journalOf(nexus, id)).map(({ n }) => n);
      assert.ok(journal.length > 60);
      for (const numbers of seen) assert.deepEqual(numbers, journal);
      await checkInvariants(nexus);
    });
  });
});

/** Follows the events to the end, with pauses and broken off now and then. @returns their numbers. */
async function readEvents(nexus: Nexus, id: string, random: Random): Promise<number[]> {
  const numbers: number[] = [];
  for (let ended = false; !ended; ) {
    const gone = new AbortController();
    const reply = await fetch(`${nexus.client.url}/api/v1/builds/${id}/events`, {
      headers: {
        authorization: `Bearer ${nexus.token}`,
        accept: 'text/event-stream',
        ...(numbers.length > 0 && { 'last-event-id': String(numbers.at(-1)) }),
      },
      signal: gone.signal,
    });
    assert.equal(reply.status, 200);
    let most = random.between(1, 60);
    let rest = '';
    for await (const chunk of reply.body ?? []) {
      const events = (rest + Buffer.from(chunk as Uint8Array).toString('latin1')).split('\n\n');
      rest = events.pop() ?? '';
      for (const event of events) {
        const n = /^id: (\d+)$/m.exec(event)?.[1];
        if (n !== undefined) numbers.push(Number(n));
        if (/^event: (succeeded|failed|cancelled)$/m.test(event)) ended = true;
      }
      most -= events.length;
      if (ended || most < 0) break;
      if (random.next() < 0.2) await sleep(random.between(0, 200));
    }
    gone.abort();
  }
  return numbers;
}

/** Reads to the end, with pauses and broken off now and then. @returns how many bytes, each of which was checked. */
async function readLog(nexus: Nexus, id: string, random: Random): Promise<number> {
  const numbers = new Numbers();
  const slow = random.next() < 0.5;
  for (let ended = false; !ended; ) {
    const gone = new AbortController();
    const most = random.next() < 0.5 ? random.between(0, 20_000_000) : Number.POSITIVE_INFINITY;
    const reply = await readFrom(nexus, id, numbers.bytes, gone.signal);
    let bytes = 0;
    ended = true;
    for await (const chunk of reply.body ?? []) {
      numbers.take(Buffer.from(chunk as Uint8Array));
      bytes += (chunk as Uint8Array).length;
      if (slow && random.next() < 0.02) await sleep(random.between(0, 50));
      if (bytes > most) {
        ended = false;
        break;
      }
    }
    gone.abort();
  }
  return numbers.bytes;
}

async function readFrom(nexus: Nexus, id: string, offset: number, signal: AbortSignal): Promise<Response> {
  const reply = await fetch(`${nexus.client.url}/api/v1/builds/${id}/log?offset=${offset}`, {
    headers: { authorization: `Bearer ${nexus.token}` },
    signal,
  });
  assert.equal(reply.status, 200);
  return reply;
}

/** Lines that count 1, 2, 3 …, in whatever pieces they come. */
class Numbers {
  bytes = 0;
  #rest = '';
  #last = 0;

  take(chunk: Buffer): void {
    this.bytes += chunk.length;
    const lines = (this.#rest + chunk.toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      this.#last += 1;
      if (line !== String(this.#last)) assert.fail(`after line ${this.#last - 1} comes ${line}`);
    }
  }
}

async function memoryOf(nexus: Nexus): Promise<number> {
  const status = await readFile(`/proc/${nexus.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

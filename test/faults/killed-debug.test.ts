import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isFinished } from '../../src/builds/build.ts';
import { skipUnless } from '../fixtures/limits.ts';
import { builderMissing } from '../fixtures/orchestrator.ts';
import { journalOf } from './events.ts';
import { checkInvariants } from './invariants.ts';
import { type Nexus, withNexus } from './nexus.ts';
import { countingScript } from './scripts.ts';
import { Random, soak } from './seed.ts';

const kills = 50 * soak;

describe('An orchestrator that is killed', () => {
  before(async function () {
    skipUnless(this, await builderMissing());
  });

  it(`at ${kills} random moments loses nothing of its builds`, async () => {
    const random = new Random('killed');
    await withNexus({ settings: { NEXUS_SLOTS: '2' } }, async (nexus) => {
      for (let count = 0; count < kills; ) {
        await submitSome(nexus, random);
        console.error(
          new Date().toISOString(),
          count,
          (await nexus.client.list())
            .filter((b) => !isFinished(b))
            .map((b) => `${b.id} ${b.state} ${b.waiting ?? ''}`)
            .join(' | '),
        );
        await waitForAMoment(nexus, random);
        await nexus.kill();
        count += 1;
        if (random.next() < 0.2) {
          await killWhileItStarts(nexus.spawn(), random.between(0, 1500));
          count += 1;
        }
        await nexus.start();
      }
      await checkInvariants(nexus);
    });
  });
});

/** There are always builds under way, one that waits, and perhaps one that is being submitted or cancelled. */
async function submitSome(nexus: Nexus, random: Random): Promise<void> {
  const unfinished = (await nexus.client.list()).filter((build) => !isFinished(build));
  for (let count = unfinished.length; count < 3; count += 1) await submit(nexus, random);
  if (random.next() < 0.3) void submit(nexus, random).catch(() => {});
  const cancelled = unfinished[0];
  if (cancelled && random.next() < 0.15) {
    nexus.accepted.set(cancelled.id, { states: ['cancelled', 'succeeded', 'failed'] });
    void nexus.client.cancel(cancelled.id).catch(() => {});
  }
}

async function submit(nexus: Nexus, random: Random): Promise<void> {
  const lines = random.between(1, 120);
  const status = random.next() < 0.15 ? random.between(1, 100) : 0;
  const bytes = status === 0 ? random.of([0, 1, 1000, 1_000_000, 20_000_000]) : 0;
  const script = countingScript({ lines, pauseMs: random.of([0, 10, 20]), bytes, status });
  await nexus.script(script, { states: [status === 0 ? 'succeeded' : 'failed'], lines });
}

/** At any time, or just when something has happened to a build. */
async function waitForAMoment(nexus: Nexus, random: Random): Promise<void> {
  const wanted = random.of(['any', 'prepare', 'started', 'phase', 'collect', 'succeeded']);
  const delay = random.between(0, wanted === 'any' ? 1000 : 60);
  if (wanted !== 'any') await untilItHappens(nexus, wanted, Date.now() + 2000);
  await sleep(delay);
}

/** Until one more build has this in its journal; it need not come. */
async function untilItHappens(nexus: Nexus, type: string, end: number): Promise<void> {
  const count = async () => {
    const journals = await Promise.all((await nexus.stored()).map((id) => journalOf(nexus, id)));
    return journals.flat().filter((event) => event.type === type).length;
  };
  const before = await count();
  while ((await count()) === before && Date.now() < end) await sleep(2);
}

async function killWhileItStarts(child: ChildProcess, afterMs: number): Promise<void> {
  const ended = once(child, 'exit');
  await sleep(afterMs);
  child.kill('SIGKILL');
  await ended;
}

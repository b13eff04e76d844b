import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isFinished } from '../../src/builds/build.ts';
import { skipUnless, within } from '../fixtures/limits.ts';
import { builderMissing } from '../fixtures/orchestrator.ts';
import { processesWith } from '../fixtures/watcher.ts';
import { checkInvariants } from './invariants.ts';
import { type Nexus, withNexus } from './nexus.ts';
import { countingScript } from './scripts.ts';
import { Random, soak } from './seed.ts';

const rounds = 40 * soak;
/** Side by side, because what is stubborn is waited for. */
const lanes = 4;

/** Five seconds on a quiet machine. */
const cancelMs = 4 * 5000;

/** What does not want to end. */
const stubborn = [
  'trap "" TERM INT HUP; while :; do sleep 0.1; done',
  'trap "" TERM; (trap "" TERM; while :; do :; done) & wait',
  'setsid sleep 1000 & setsid bash -c "trap \'\' TERM; sleep 1000; sleep 1000" & sleep 1000',
  'kill -STOP $$',
  'exec sleep 1000',
];

describe('A build that is cancelled', () => {
  before(async function () {
    skipUnless(this, await builderMissing());
  });

  it(`at ${rounds} random moments leaves no process, and the pipe works on`, async () => {
    await withNexus({ settings: { NEXUS_SLOTS: '3' } }, async (nexus) => {
      const lane = async (number: number) => {
        const random = new Random(`cancelled ${number}`);
        for (let round = 0; round < rounds / lanes; round += 1) {
          const id = await submit(nexus, random);
          await waitForAMoment(nexus, id, random);
          await cancel(nexus, id, random);
        }
        const next = await nexus.script('echo works', { states: ['succeeded'] });
        assert.equal((await nexus.ended(next)).state, 'succeeded');
      };
      await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
      await checkInvariants(nexus);
    });
  });
});

async function submit(nexus: Nexus, random: Random): Promise<string> {
  if (random.next() < 0.4) return nexus.script(random.of(stubborn), { states: ['cancelled'] });
  const lines = random.between(1, 50);
  const script = countingScript({ lines, pauseMs: 10, bytes: random.of([0, 1000, 30_000_000]) });
  return nexus.script(script, ended);
}

const ended = { states: ['cancelled', 'succeeded'] } as const;

async function waitForAMoment(nexus: Nexus, id: string, random: Random): Promise<void> {
  const state = random.of(['queued', 'preparing', 'building', 'collecting'] as const);
  const limit = Date.now() + 1500;
  await nexus.untilBuild(
    id,
    state,
    (build) => build.state === state || isFinished(build) || Date.now() > limit,
  );
  await sleep(random.between(0, 300));
}

/** Once or twice at the same time; when it is answered, it is so. */
async function cancel(nexus: Nexus, id: string, random: Random): Promise<void> {
  const asked = Array.from({ length: random.between(1, 3) }, () => nexus.client.cancel(id));
  for (const build of await within(`the cancelling of ${id}`, Promise.all(asked), cancelMs)) {
    assert.ok(isFinished(build), `${id} is ${build.state}`);
  }
  const folder = join(nexus.pipe, 'builds', id);
  assert.deepEqual(await processesWith(`NEXUS_BUILD_DIR=${folder}`), [], `processes of ${id}`);
  const again = await nexus.client.cancel(id);
  assert.deepEqual(await nexus.client.show(id), again, 'cancelling what has ended changes nothing');
}

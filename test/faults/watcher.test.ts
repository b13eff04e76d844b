import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { skipUnless } from '../fixtures/limits.ts';
import { builderMissing } from '../fixtures/orchestrator.ts';
import { sshdMissing } from '../fixtures/sshd.ts';
import { processesWith } from '../fixtures/watcher.ts';
import { checkInvariants } from './invariants.ts';
import { type Nexus, withNexus } from './nexus.ts';
import { countingScript } from './scripts.ts';
import { Random, soak } from './seed.ts';
import { SshStand } from './ssh-stand.ts';

const rounds = 6 * soak;

describe('When the watcher is killed', () => {
  it('and started again, also in the middle of a script, builds go on', async function () {
    skipUnless(this, await sshdMissing());
    const random = new Random('watcher over ssh');
    await using stand = await SshStand.start();
    await withNexus(stand.options, async (nexus) => {
      for (let round = 0; round < rounds; round += 1) {
        await submit(nexus, random);
        await sleep(random.between(0, 700));
        await stand.watcher.stop(random.of(['SIGKILL', 'SIGTERM']));
        if (random.next() < 0.5) await submit(nexus, random);
        await sleep(random.between(0, 1500));
        stand.watcher = await stand.pipe.watch();
      }
      await checkInvariants(nexus, { end: () => stand.endWatcher() });
    });
  });

  it('on this machine, the orchestrator starts another one', async function () {
    skipUnless(this, await builderMissing());
    const random = new Random('watcher here');
    await withNexus({}, async (nexus) => {
      for (let round = 0; round < rounds; round += 1) {
        await submit(nexus, random);
        await sleep(random.between(0, 1500));
        for (const pid of await watchersOf(nexus)) kill(pid, random.of(['SIGKILL', 'SIGTERM']));
      }
      await checkInvariants(nexus);
    });
  });
});

async function submit(nexus: Nexus, random: Random): Promise<void> {
  const lines = random.between(1, 80);
  const script = countingScript({ lines, pauseMs: 10, bytes: random.of([0, 1000, 5_000_000]) });
  await nexus.script(script, { states: ['succeeded'], lines });
}

async function watchersOf(nexus: Nexus): Promise<number[]> {
  const found: number[] = [];
  for (const pid of await processesWith(`NEXUS_BOOTSTRAP=${nexus.pipe}`)) {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (words.some((word) => word.endsWith('/nexus-watcher'))) found.push(pid);
  }
  return found;
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone by itself.
  }
}

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { skipUnless } from '../fixtures/limits.ts';
import { builderMissing } from '../fixtures/orchestrator.ts';
import { sshdMissing } from '../fixtures/sshd.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { until } from '../fixtures/watcher.ts';
import { checkInvariants } from './invariants.ts';
import { Nexus, withNexus } from './nexus.ts';
import { countingScript } from './scripts.ts';
import { Random, soak } from './seed.ts';
import { SshStand } from './ssh-stand.ts';

describe('Two orchestrators', () => {
  it('never have one data folder, also when they start in the same moment after one was killed', async function () {
    skipUnless(this, await builderMissing());
    const random = new Random('two on one folder');
    await withNexus({}, async (nexus) => {
      for (let round = 0; round < 2 * soak; round += 1) {
        const lines = random.between(50, 150);
        await nexus.script(countingScript({ lines, pauseMs: 10, bytes: 1000 }), {
          states: ['succeeded'],
          lines,
        });
        // It runs: whoever comes is sent away.
        const late = nexus.spawn();
        assert.deepEqual(await once(late, 'close'), [1, null]);
        assert.match(nexus.said, /Another orchestrator \(process \d+\) has the data folder/);
        await sleep(random.between(0, 500));
        await nexus.kill();
        await startSeveral(nexus);
      }
      await checkInvariants(nexus);
    });
  });

  it('share one builder, and each gets what is its own', async function () {
    skipUnless(this, await sshdMissing());
    const random = new Random('two on one builder');
    await using stand = await SshStand.start();
    await using folder = await tempFolder();
    await withNexus(stand.options, async (first) => {
      await using second = new Nexus(folder.path, stand.options);
      await second.start();
      for (let round = 0; round < 5 * soak; round += 1) {
        for (const nexus of [first, second]) {
          const lines = random.between(1, 60);
          const script = countingScript({ lines, pauseMs: 5, bytes: random.of([0, 1000, 3_000_000]) });
          await nexus.script(script, { states: ['succeeded'], lines });
        }
        await sleep(random.between(0, 300));
      }
      for (const id of first.accepted.keys()) await first.ended(id);
      await checkInvariants(second, { others: true });
      await checkInvariants(first, { end: () => stand.endWatcher() });
    });
  });
});

/** Of several that start at once one wins; the others say who. */
async function startSeveral(nexus: Nexus): Promise<void> {
  const rivals = [nexus.spawn(), nexus.spawn()];
  const ends = rivals.map((rival) => once(rival, 'close'));
  const won = nexus.start().then(
    () => true,
    () => false,
  );
  if (await won) {
    for (const end of ends) assert.deepEqual(await end, [1, null]);
    return;
  }
  // One of the rivals has it: it goes, and ours comes.
  const winner = await until('the one that has won', async () => {
    const { pid } = JSON.parse(await readFile(nexus.paths.server, 'utf8').catch(() => '{}'));
    return rivals.find((rival) => rival.pid === pid);
  });
  // Whoever still came after its end would be right to take the folder.
  const losers = ends.filter((_, index) => rivals[index] !== winner);
  for (const end of losers) assert.deepEqual(await end, [1, null]);
  winner.kill('SIGKILL');
  await Promise.all(ends);
  await nexus.start();
}

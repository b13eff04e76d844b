import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NexusError } from '../../src/errors.ts';
import { skipUnless } from '../fixtures/limits.ts';
import { fillDisk, mountSmallDisk, smallDiskMissing } from '../fixtures/small-disk.ts';
import { sshdMissing } from '../fixtures/sshd.ts';
import { checkInvariants } from './invariants.ts';
import { withNexus } from './nexus.ts';
import { countingScript } from './scripts.ts';
import { Random, soak } from './seed.ts';
import { SshStand } from './ssh-stand.ts';

const rounds = 6 * soak;

describe('When the disk of the orchestrator is full', () => {
  before(async function () {
    skipUnless(this, (await sshdMissing()) ?? (await smallDiskMissing()));
  });

  it('for a while, builds wait or say so, and nothing that was accepted is lost', async () => {
    const random = new Random('disk');
    await using stand = await SshStand.start();
    await using disk = await mountSmallDisk('24m');
    const filler = join(disk.path, 'filler');
    let refused = 0;
    await withNexus({ ...stand.options, folder: disk.path }, async (nexus) => {
      for (let round = 0; round < rounds; round += 1) {
        const bytes = random.of([0, 1000, 2_000_000]);
        const lines = random.between(20, 150);
        const script = countingScript({ lines, pauseMs: 10, bytes });
        // What is fetched may not fit; everything else waits for room.
        const states = bytes > 0 ? (['succeeded', 'failed'] as const) : (['succeeded'] as const);
        const id = await nexus.script(script, { states, lines });
        await sleep(random.between(0, 1500));
        await fillDisk(filler);
        await nexus.script(script, { states, lines }).catch((error) => {
          assert.ok(error instanceof NexusError, `not refused but broken: ${error}`);
          refused += 1;
        });
        await sleep(random.between(200, 2500));
        await rm(filler);
        const { state, error } = await nexus.ended(id);
        if (state === 'failed') assert.match(`${error?.message}`, /space|full/i, 'it says what was wrong');
      }
      assert.ok(refused > 0, 'a build that cannot be kept is refused');
      await checkInvariants(nexus, { end: () => stand.endWatcher() });
    });
  });

  it('for an artifact that never fits, the build fails, says why, and leaves nothing of it', async () => {
    await using stand = await SshStand.start();
    await using disk = await mountSmallDisk('8m');
    await withNexus({ ...stand.options, folder: disk.path }, async (nexus) => {
      const id = await nexus.script(countingScript({ lines: 5, bytes: 20_000_000 }), { states: ['failed'] });
      const { error } = await nexus.ended(id);
      assert.match(`${error?.message} ${error?.hint}`, /space|room|full/i);
      const next = await nexus.script(countingScript({ lines: 5, bytes: 1000 }), {
        states: ['succeeded'],
        lines: 5,
      });
      await nexus.ended(next);
      await checkInvariants(nexus, { end: () => stand.endWatcher() });
    });
  });
});

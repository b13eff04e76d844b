import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NexusError } from '../../src/errors.ts';
import { skipUnless } from '../fixtures/limits.ts';
import { fillDisk, mountSmallDisk, smallDiskMissing } from '../fixtures/small-disk.ts';
import { sshdMissing } from '../fixtures/sshd.ts';
import { checkInvariants } from './invariants.ts';
import { type NexusOptions, withNexus } from './nexus.ts';
import { countingScript } from './scripts.ts';
import { Random, soak } from './seed.ts';
import { SshStand } from './ssh-stand.ts';

const rounds = 4 * soak;

describe('When the disk of the orchestrator is full', () => {
  before(async function () {
    skipUnless(this, (await sshdMissing()) ?? (await smallDiskMissing()));
  });

  it('for a while, builds wait or are refused, and nothing that was accepted is lost', async () => {
    const random = new Random('disk');
    await using stand = await SshStand.start();
    await using disk = await mountSmallDisk('24m');
    const filler = join(disk.path, 'filler');
    let refused = 0;
    await withNexus(onDisk(stand, disk.path, {}), async (nexus) => {
      for (let round = 0; round < rounds; round += 1) {
        const bytes = random.of([0, 1000, 2_000_000]);
        const lines = random.between(20, 150);
        const script = countingScript({ lines, pauseMs: 10, bytes });
        const expected = { states: ['succeeded'], lines } as const;
        const id = await nexus.script(script, expected);
        await sleep(random.between(0, 1500));
        await fillDisk(filler);
        await nexus.script(script, expected).catch((error) => {
          assert.ok(error instanceof NexusError, `not refused but broken: ${error}`);
          refused += 1;
        });
        await sleep(random.between(200, 2500));
        await rm(filler);
        await nexus.ended(id);
      }
      assert.ok(refused > 0, 'a build that cannot be kept is refused');
      await checkInvariants(nexus, { end: () => stand.endWatcher() });
    });
  });

  it('for an artifact that never fits, the build fails, says why, and leaves nothing of it', async () => {
    await using stand = await SshStand.start();
    await using disk = await mountSmallDisk('8m');
    await withNexus(onDisk(stand, disk.path, { NEXUS_ROOM_TIMEOUT: '3s' }), async (nexus) => {
      const id = await nexus.script(countingScript({ lines: 5, bytes: 20_000_000 }), { states: ['failed'] });
      const { error } = await nexus.ended(id);
      assert.equal(error?.code, 'disk-full');
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

/** Data and artifacts on the small disk, of which next to nothing has to be free before a build begins. */
function onDisk(stand: SshStand, folder: string, settings: NodeJS.ProcessEnv): NexusOptions {
  const { options } = stand;
  return { ...options, folder, settings: { ...options.settings, NEXUS_ROOM_HERE: '1M', ...settings } };
}

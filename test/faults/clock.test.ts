import { access, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { skipUnless } from '../fixtures/limits.ts';
import { builderMissing } from '../fixtures/orchestrator.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { checkInvariants } from './invariants.ts';
import { withNexus } from './nexus.ts';
import { countingScript } from './scripts.ts';
import { Random, soak } from './seed.ts';

const rounds = 4 * soak;

const library = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/faketime/libfaketime.so.1`;

async function faketimeMissing(): Promise<string | undefined> {
  try {
    await access(library);
    return undefined;
  } catch {
    return `${library} is missing (Debian: apt-get install faketime)`;
  }
}

/** As a suspended laptop, a wrong time zone of the firmware or a first answer of NTP do it. */
const jumps = ['+0', '+1h', '-1h', '+30d', '-30d', '+5y', '-5y', '+59', '-59'];

describe('When the clock jumps', () => {
  before(async function () {
    skipUnless(this, (await builderMissing()) ?? (await faketimeMissing()));
  });

  it('in the middle of builds, also while the orchestrator is away, they end as they should', async () => {
    const random = new Random('clock');
    await using folder = await tempFolder();
    const clock = folder.file('clock');
    const jump = () => writeFile(clock, `${random.of(jumps)}\n`);
    await jump();
    // What measures how long something takes does not jump in the real world either.
    const settings = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    };
    await withNexus({ settings }, async (nexus) => {
      for (let round = 0; round < rounds; round += 1) {
        const lines = random.between(10, 100);
        const script = countingScript({ lines, pauseMs: 10, bytes: random.of([0, 1000, 3_000_000]) });
        await nexus.script(script, { states: ['succeeded'], lines });
        await sleep(random.between(0, 1000));
        await jump();
        if (random.next() < 0.3) {
          await nexus.kill();
          await jump();
          await nexus.start();
        }
      }
      await checkInvariants(nexus);
    });
  });
});

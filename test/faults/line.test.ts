import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isFinished } from '../../src/builds/build.ts';
import { packSource } from '../../src/cli/pack-source.ts';
import { skipUnless } from '../fixtures/limits.ts';
import { sshdMissing } from '../fixtures/sshd.ts';
import type { TcpProxy } from '../fixtures/tcp-proxy.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { checkInvariants } from './invariants.ts';
import { type Nexus, withNexus } from './nexus.ts';
import { countingScript } from './scripts.ts';
import { Random, soak } from './seed.ts';
import { SshStand } from './ssh-stand.ts';

const rounds = 2 * soak;

/** What happens to lines. Each is over when it returns. */
const faults: Record<string, (line: TcpProxy, random: Random) => Promise<void>> = {
  async closes(line) {
    line.cut();
  },
  async 'breaks in the middle of an answer'(line, random) {
    line.cutAfter(random.of([1, 100, 10_000, 1_000_000]));
    await sleep(random.between(0, 500));
  },
  async 'goes quiet, and new connections too'(line, random) {
    line.stall();
    await sleep(random.between(500, 3000));
    line.unstall();
  },
  async 'stays quiet, but new connections work'(line) {
    line.stall();
    line.unstall();
    await sleep(0);
  },
  async 'lets 10 KB a second through'(line, random) {
    line.slowDown(10_000);
    await sleep(random.between(500, 4000));
    line.slowDown(Number.POSITIVE_INFINITY);
  },
};

describe('When the line to the builder', () => {
  before(async function () {
    skipUnless(this, await sshdMissing());
  });

  for (const [fault, happen] of Object.entries(faults)) {
    it(`${fault}, nothing of a build is lost`, async () => {
      const random = new Random(fault);
      await using stand = await SshStand.start();
      await withNexus(stand.options, async (nexus) => {
        for (let round = 0; round < rounds; round += 1) {
          const id = await submit(nexus, random);
          // During upload, log and events, or fetch.
          const wanted = random.of(['queued', 'building', 'collecting'] as const);
          await nexus.untilBuild(id, wanted, (build) => build.state === wanted || isFinished(build));
          await sleep(random.between(0, 600));
          await happen(stand.line, random);
          if (random.next() < 0.5) {
            await sleep(random.between(0, 1000));
            await happen(stand.line, random);
          }
          await nexus.ended(id);
        }
        await checkInvariants(nexus, { end: () => stand.endWatcher() });
      });
    });
  }
});

/** A source of megabytes, a log, and an artifact of megabytes that holds the sum of the source. */
async function submit(nexus: Nexus, random: Random): Promise<string> {
  await using folder = await tempFolder();
  const content = random.bytes(random.between(1, 6) * 500_000);
  await writeFile(folder.file('content'), content);
  const source = await nexus.client.uploadSource((await packSource({ folder: folder.path })).tar);
  const sum = createHash('sha256').update(content).digest('hex');
  const lines = random.between(10, 200);
  const bytes = random.between(1, 20) * 1_000_000;
  const check = `[ "$(sha256sum < source/content)" = '${sum}  -' ] || exit 9\n`;
  const script = check + countingScript({ lines, pauseMs: 10, bytes });
  return nexus.submit({ kind: 'script', name: 'line', script, source }, { states: ['succeeded'], lines });
}

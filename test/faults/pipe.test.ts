import { appendFile, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { skipUnless } from '../fixtures/limits.ts';
import { sshdMissing } from '../fixtures/sshd.ts';
import type { PipeFolder } from '../fixtures/watcher.ts';
import { checkInvariants } from './invariants.ts';
import { withNexus } from './nexus.ts';
import { countingScript } from './scripts.ts';
import { Random, soak } from './seed.ts';
import { SshStand } from './ssh-stand.ts';

const rounds = 40 * soak;

const event = (fields: object) => JSON.stringify({ v: 1, seq: 1, at: '2026-09-11T10:15:00.000Z', ...fields });

/** What strangers write into `pipe_out`. */
const rubbish: ((random: Random, pipe: PipeFolder) => Promise<Buffer | string>)[] = [
  async (random) => random.bytes(random.between(1, 5000)),
  async () => 'half a line',
  async () => '{"v":1,"seq":',
  async () => `${'x'.repeat(1024 * 1024)}\n`,
  async (random) => 'y'.repeat(random.between(1024 * 1024, 3 * 1024 * 1024)),
  async () => '\0'.repeat(1000),
  async () => '\0\n\0\n',
  async () => '\n\n\n\r\n',
  async () => `${event({ type: 'finished', id: 'stale', result: 'success', status: 0, retrieve: [] })}\n`,
  async () => `${event({ type: 'accepted', id: 'stale' })}\n`,
  async () => `${event({ type: 'finished', id: 7 })}\n`,
  async () => `${event({ type: 'temperature', id: 'stale' })}\n`,
  // What was told before, once more.
  async (random, pipe) => {
    const lines = (await readFile(pipe.file('pipe_out'), 'utf8'))
      .split('\n')
      .filter((line) => line.length < 10_000);
    return `${random.of(lines)}\n`;
  },
];

/** What strangers write into `pipe_in`, or put in its place. */
const junk: ((random: Random, pipe: PipeFolder) => Promise<void>)[] = [
  (random, pipe) => writeFile(pipe.file('pipe_in'), random.bytes(random.between(0, 5000))),
  (_, pipe) => writeFile(pipe.file('pipe_in'), 'if then fi ((('),
  (_, pipe) => writeFile(pipe.file('pipe_in'), ''),
  (_, pipe) => writeFile(pipe.file('pipe_in'), '# nexus-build: ../../etc\ntrue\n'),
  (_, pipe) => writeFile(pipe.file('pipe_in'), 'z'.repeat(1024 * 1024)),
  (_, pipe) => writeFile(pipe.file('pipe_in'), 'true\0true'),
  // A folder in its place keeps it out, and what a person leaves then is not ours.
  (_, pipe) => pipe.sendText('echo by hand\n').catch(() => rm(pipe.file('.pipe_in.test'), { force: true })),
  // What is written next goes through the link, so it must lead to nothing of this machine.
  (_, pipe) => symlink(pipe.file('elsewhere'), pipe.file('pipe_in')).catch(() => {}),
  (_, pipe) =>
    mkdir(pipe.file('pipe_in')).then(
      () => {},
      () => {},
    ),
  async (_, pipe) => {
    await rename(pipe.file('pipe_in'), pipe.file('.stolen')).catch(() => {});
    await rm(pipe.file('.stolen'), { force: true, recursive: true });
  },
];

describe('When strangers write into the pipe', () => {
  before(async function () {
    skipUnless(this, await sshdMissing());
  });

  it('every build still ends as it should', async () => {
    const random = new Random('pipe');
    await using stand = await SshStand.start();
    await withNexus({ ...stand.options }, async (nexus) => {
      for (let round = 0; round < rounds; round += 1) {
        if (round % 8 === 0) {
          const lines = random.between(20, 100);
          const script = countingScript({ lines, pauseMs: 20, bytes: 1000 });
          await nexus.script(script, { states: ['succeeded'], lines });
        }
        await appendFile(stand.pipe.file('pipe_out'), await random.of(rubbish)(random, stand.pipe));
        // Whatever else lies in its place may keep it out.
        if (random.next() < 0.3)
          await random
            .of(junk)(random, stand.pipe)
            .catch(() => {});
        await sleep(random.between(0, 150));
      }
      await checkInvariants(nexus, { strangePipe: true, end: () => stand.endWatcher() });
    });
  });
});

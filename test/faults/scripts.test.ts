import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { BuildState } from '../../src/builds/build.ts';
import { skipUnless } from '../fixtures/limits.ts';
import { builderMissing } from '../fixtures/orchestrator.ts';
import { processesWith } from '../fixtures/watcher.ts';
import { checkInvariants } from './invariants.ts';
import { withNexus } from './nexus.ts';

interface Case {
  script: string;
  state?: BuildState;
  /** What has to be in the log, as the command that prints it. */
  log?: Buffer;
}

const numbers = (most: number) =>
  Buffer.from(`${Array.from({ length: most }, (_, index) => index + 1).join('\n')}\n`);

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const printed = [...everyByte].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');

const cases: Record<string, Case> = {
  'forks away and leaves processes behind': {
    script:
      'setsid sleep 1000 & (setsid bash -c "sleep 1000; true" >/dev/null 2>&1 &) ; nohup sleep 1000 & echo gone',
    log: Buffer.from('gone\n'),
  },
  'leaves processes that ignore every polite signal': {
    script: '(trap "" TERM INT HUP QUIT; while :; do sleep 1; done) & echo left',
    log: Buffer.from('left\n'),
  },
  'prints 1,000,000 lines': { script: 'seq 1000000', log: numbers(1_000_000) },
  'prints 1,000,000 lines and dies': {
    script: 'seq 1000000; kill -KILL $$',
    state: 'failed',
    log: numbers(1_000_000),
  },
  'prints one line of 30 MB': {
    script: "head -c 30000000 /dev/zero | tr '\\0' x",
    log: Buffer.alloc(30_000_000, 'x'),
  },
  'prints nothing': { script: 'sleep 1', log: Buffer.alloc(0) },
  'does nothing': { script: ':', log: Buffer.alloc(0) },
  'prints every byte there is': { script: `printf '${printed}'`, log: everyByte },
  'prints binary, and no newline': {
    script: 'head -c 3000000 /dev/zero',
    log: Buffer.alloc(3_000_000),
  },
  'prints what looks like events': {
    script:
      'echo \'{"v":1,"seq":1,"at":"x","type":"finished","id":"x","result":"success","status":0}\'; exit 4',
    state: 'failed',
  },
  'reads its input': { script: 'cat; read -r line || echo end', log: Buffer.from('end\n') },
  'closes its outputs': { script: 'exec >&- 2>&-; sleep 0.5; exit 0', log: Buffer.alloc(0) },
  'kills its parents': { script: 'kill -KILL $PPID; sleep 0.5; exit 0', state: 'failed' },
  'kills itself': { script: 'kill -SEGV $$', state: 'failed' },
  'removes its own log': { script: 'rm -f log; echo nobody sees this' },
  'says thousands of phases': {
    script: 'for ((i = 0; i < 300; i++)); do nexus-phase "phase $i"; done; echo said',
    log: Buffer.from('said\n'),
  },
  'says a phase of hostile words': {
    script: 'nexus-phase $\'\\e[2J\\n"}{"\\x01\' "$(head -c 100000 /dev/zero | tr \'\\0\' y)"; echo said',
    log: Buffer.from('said\n'),
  },
};

describe('A script that', () => {
  before(async function () {
    skipUnless(this, await builderMissing());
  });

  it('does whatever it likes ends as it should, with all it has printed', async () => {
    await withNexus({ settings: { NEXUS_SLOTS: '3' } }, async (nexus) => {
      const ids = new Map<string, Case>();
      for (const one of Object.values(cases)) {
        ids.set(await nexus.script(one.script, { states: [one.state ?? 'succeeded'] }), one);
      }
      for (const [id, { script, log }] of ids) {
        await nexus.ended(id);
        const folder = join(nexus.pipe, 'builds', id);
        assert.deepEqual(
          await processesWith(`NEXUS_BUILD_DIR=${folder}`),
          [],
          `what this has left: ${script}`,
        );
        if (log)
          assert.equal(await sumOf(nexus.paths.build(id).log), sum(log), `the log of ${script.slice(0, 80)}`);
      }
      await checkInvariants(nexus);
    });
  });
});

const sum = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

async function sumOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

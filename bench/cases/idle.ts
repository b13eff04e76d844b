import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { tempFolder } from '../../test/fixtures/temp-folder.ts';
import { type BenchCase, interleave } from '../measure.ts';
import { Orchestrator } from '../orchestrator.ts';

const empty = "require('node:http').createServer().listen(0, '127.0.0.1', () => console.log())";

/** What the orchestrator costs while it has nothing to do, its builder not started. */
export const idleCase: BenchCase = {
  name: 'idle',
  async *run({ small }) {
    const seconds = small ? 1 : 20;
    await using folder = await tempFolder();
    await using nexus = await Orchestrator.start({ folder: folder.path });
    const other = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, '-e', empty], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(other.stdout, 'data');
      const before = await nexus.cpuSeconds();
      await sleep(1000 * seconds);
      const used = (100 * ((await nexus.cpuSeconds()) - before)) / seconds;
      const memory = await interleave(1, [
        { name: 'ours', sample: async () => (await nexus.memory()).now / 1024 ** 2 },
        { name: 'an HTTP server that does nothing', sample: () => residentOf(other) },
      ]);
      yield { figure: 'memory when idle', unit: 'MiB', better: 'less', goal: '120 MiB', results: memory };
      const figure = `processor time when idle, over ${seconds} s`;
      const results = [{ name: 'ours', median: used, samples: [used] }];
      yield { figure, unit: '%', better: 'less', goal: '0 %', results };
    } finally {
      other.kill();
    }
  },
};

async function residentOf({ pid }: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1]) / 1024;
}

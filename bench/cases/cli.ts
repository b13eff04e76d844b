import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type BenchCase, interleave, secondsOf } from '../measure.ts';

const run = promisify(execFile);
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** How long the program takes to say what it can do, against Node.js doing nothing. */
export const cliCase: BenchCase = {
  name: 'cli',
  async *run({ small }) {
    const node = (args: string[]) => async () => 1000 * (await secondsOf(() => run(process.execPath, args)));
    const results = await interleave(small ? 3 : 20, [
      { name: 'ours', sample: node([cli, '--help']) },
      { name: 'node -e 0', sample: node(['-e', '0']) },
    ]);
    yield { figure: '`nexus --help`', unit: 'ms', better: 'less', goal: '1.5 × node -e 0 + 60 ms', results };
  },
};

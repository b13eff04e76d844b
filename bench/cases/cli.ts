import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { environmentForPrograms } from '../../src/config.ts';
import { tempFolder } from '../../test/fixtures/temp-folder.ts';
import { type BenchCase, interleave, secondsOf } from '../measure.ts';
import { cli, Orchestrator } from '../orchestrator.ts';

const run = promisify(execFile);

/** How long the program takes for what people expect at once, against Node.js doing nothing. */
export const cliCase: BenchCase = {
  name: 'cli',
  async *run({ small }) {
    const rounds = small ? 1 : 20;
    await using folder = await tempFolder();
    await using _ = await Orchestrator.start({ folder: folder.path });
    const env = { ...environmentForPrograms(), NEXUS_DATA: folder.file('data') };
    const node = (args: string[]) => async () =>
      1000 * (await secondsOf(() => run(process.execPath, args, { env })));
    for (const command of ['--help', 'list']) {
      const results = await interleave(rounds, [
        { name: 'ours', sample: node([cli, command]) },
        { name: 'node -e 0', sample: node(['-e', '0']) },
      ]);
      const goal = '1.5 × node -e 0 + 60 ms';
      yield { figure: `\`nexus ${command}\``, unit: 'ms', better: 'less', goal, results };
    }
  },
};

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { environmentForPrograms } from '../../src/config.ts';
import { tempFolder } from '../../test/fixtures/temp-folder.ts';
import {
  type BenchCase,
  type Comparison,
  type Contender,
  interleave,
  percentile99,
  secondsOf,
} from '../measure.ts';
import { cli, Orchestrator } from '../orchestrator.ts';
import { writePastBuilds } from '../past-builds.ts';

const run = promisify(execFile);

/** As many as a list shows. */
const few = 100;

/** What many past builds cost, against so few that a list shows all of them. */
export const storeCase: BenchCase = {
  name: 'store',
  async *run({ small }) {
    const many = small ? 200 : 10_000;
    await using folder = await tempFolder();
    const [ours, other] = [folder.file('many'), folder.file('few')];
    await writePastBuilds(`${ours}/data`, many);
    await writePastBuilds(`${other}/data`, few);
    const past = `with ${many.toLocaleString('en')} past builds`;
    const peer = `with ${few}`;

    const start = (of: string) => async () => {
      await using nexus = await Orchestrator.start({ folder: of });
      return 1000 * nexus.startSeconds;
    };
    const starts = await interleave(small ? 1 : 5, [
      { name: 'ours', sample: start(ours) },
      { name: peer, sample: start(other) },
    ]);
    yield { figure: `start ${past}`, unit: 'ms', better: 'less', goal: null, results: starts };

    await using nexus = await Orchestrator.start({ folder: ours });
    await using less = await Orchestrator.start({ folder: other });
    const both = (sample: (of: Orchestrator) => Promise<number>): Contender[] => [
      { name: 'ours', sample: () => sample(nexus) },
      { name: peer, sample: () => sample(less) },
    ];
    const memory = await interleave(
      1,
      both(async (of) => (await of.memory()).now / 1024 ** 2),
    );
    yield { figure: `memory ${past}`, unit: 'MiB', better: 'less', goal: null, results: memory };

    const list = (of: Orchestrator) => secondsOf(() => of.client.call(`/builds?limit=${few}`, {}).then(read));
    const lists = await interleave(
      small ? 5 : 300,
      both(async (of) => 1000 * (await list(of))),
    );
    const figure = `GET /builds?limit=${few} ${past}`;
    yield { figure, unit: 'ms', better: 'less', goal: null, results: lists };
    const slowest = lists.map((result) => ({ ...result, median: percentile99(result.samples) }));
    yield { figure: `${figure}, 99th percentile`, unit: 'ms', better: 'less', goal: null, results: slowest };

    const command = (of: string) => async () => {
      const env = { ...environmentForPrograms(), NEXUS_DATA: `${of}/data` };
      return 1000 * (await secondsOf(() => run(process.execPath, [cli, 'list'], { env })));
    };
    const commands: Comparison['results'] = await interleave(small ? 1 : 20, [
      { name: 'ours', sample: command(ours) },
      { name: peer, sample: command(other) },
    ]);
    yield { figure: `\`nexus list\` ${past}`, unit: 'ms', better: 'less', goal: null, results: commands };
  },
};

async function read(reply: Response): Promise<void> {
  await reply.arrayBuffer();
}

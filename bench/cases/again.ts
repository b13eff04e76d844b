import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { nixEnvironment } from '../../src/builders/this-machine/nix.ts';
import { packSource } from '../../src/cli/pack-source.ts';
import { provideSource } from '../../src/cli/provide-source.ts';
import { environmentForPrograms } from '../../src/config.ts';
import { builderMissing } from '../../test/fixtures/orchestrator.ts';
import { tempFolder } from '../../test/fixtures/temp-folder.ts';
import { type BenchCase, interleave, secondsOf } from '../measure.ts';
import { Orchestrator } from '../orchestrator.ts';

const run = promisify(execFile);
const smoke = fileURLToPath(new URL('../../examples/smoke', import.meta.url));

/** A request that was built before, submitted again, against Nix finding out that there is nothing to build. */
export const againCase: BenchCase = {
  name: 'again',
  missing: builderMissing,
  async *run({ small }) {
    await using folder = await tempFolder();
    await using nexus = await Orchestrator.start({ folder: folder.path });
    const submit = async () => {
      const source = await provideSource(nexus.client, await packSource({ folder: smoke }));
      return nexus.build({ kind: 'nix', name: 'again', source, file: 'default.nix' });
    };
    const first = await submit();
    const ours = async () => {
      if ((await submit()).id !== first.id) throw new Error('the same was built again');
    };
    const env = await nixEnvironment({ ...environmentForPrograms(), NIX_CONFIG: 'substitute = false' });
    const nix = () => run('nix-build', [join(smoke, 'default.nix'), '--no-out-link'], { env });
    await nix();
    const results = await interleave(small ? 3 : 20, [
      { name: 'ours', sample: async () => 1000 * (await secondsOf(ours)) },
      { name: 'nix-build', sample: async () => 1000 * (await secondsOf(nix)) },
    ]);
    yield { figure: 'the same request again', unit: 'ms', better: 'less', goal: '1 s', results };
  },
};

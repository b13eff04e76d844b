import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packSource } from '../../src/cli/pack-source.ts';
import { provideSource } from '../../src/cli/provide-source.ts';
import { sshdMissing } from '../../test/fixtures/sshd.ts';
import { tempFolder } from '../../test/fixtures/temp-folder.ts';
import { type BenchCase, type Contender, interleave, secondsOf } from '../measure.ts';
import { hasRsync } from '../rsync.ts';
import { BuilderStand } from '../stand.ts';

const fileBytes = 100_000;

/** A source folder on its way to the builder: with us, until a build that has it in its folder has ended. */
export const uploadCase: BenchCase = {
  name: 'upload',
  missing: sshdMissing,
  async *run({ small }) {
    const files = small ? 20 : 2000;
    const rounds = small ? 1 : 3;
    await using stand = await BuilderStand.start();
    await using folder = await tempFolder();
    const source = folder.file('source');
    await mkdir(source);
    const change = (index: number) => writeFile(join(source, `file-${index}`), randomBytes(fileBytes));
    for (let index = 0; index < files; index += 1) await change(index);

    const { client } = stand.nexus;
    const ours = async () => {
      const id = await provideSource(client, await packSource({ folder: source }));
      await stand.nexus.build({
        kind: 'script',
        name: 'upload',
        source: id,
        script: 'test -e source/file-0',
      });
    };
    const by = { rsync: folder.file('by-rsync'), scp: folder.file('by-scp') };
    const forget = async () => {
      // The orchestrator would know it as well.
      await change(0);
      for (const there of [join(stand.pipe, 'sources'), by.rsync, by.scp])
        await rm(there, { recursive: true, force: true });
    };
    const ways = [
      { name: 'ours', send: ours },
      ...((await hasRsync())
        ? [{ name: 'rsync -a', send: () => stand.line.rsync('-sa', `${source}/`, `stand:${by.rsync}`) }]
        : []),
      { name: 'scp -r', send: () => stand.line.scp('-r', source, `stand:${by.scp}`) },
    ];
    const after = (prepare: () => Promise<void>): Contender[] =>
      ways.map(({ name, send }) => ({
        name,
        sample: async () => {
          await prepare();
          return secondsOf(send);
        },
      }));
    const megabytes = (files * fileBytes) / 1e6;
    const figures = [
      { how: 'for the first time', prepare: forget },
      { how: 'unchanged', prepare: async () => {} },
      { how: 'one file changed', prepare: () => change(1) },
    ];
    for (const { how, prepare } of figures) {
      const results = await interleave(rounds, after(prepare));
      const figure = `source of ${megabytes} MB in ${files} files, ${how}`;
      yield { figure, unit: 's', better: 'less', goal: null, results };
    }
  },
};

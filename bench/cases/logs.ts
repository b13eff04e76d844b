import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { builderMissing } from '../../test/fixtures/orchestrator.ts';
import { sshdMissing } from '../../test/fixtures/sshd.ts';
import { tempFolder } from '../../test/fixtures/temp-folder.ts';
import { type BenchCase, interleave, secondsOf } from '../measure.ts';
import { Orchestrator } from '../orchestrator.ts';
import { BuilderStand, runInto } from '../stand.ts';

/** A build that prints as much as it can: from its submission until all of it is on our disk and has left the API. */
export const logsCase: BenchCase = {
  name: 'logs',
  missing: async () => (await sshdMissing()) ?? (await builderMissing()),
  async *run({ small }) {
    const lines = small ? 20_000 : 1_000_000;
    const rounds = small ? 1 : 5;
    const figure = `log of ${lines.toLocaleString('en')} lines`;
    const said = { unit: 'lines/s', better: 'more', goal: small ? null : '100,000 lines/s' } as const;
    const rate = async (work: () => Promise<unknown>) => lines / (await secondsOf(work));
    await using stand = await BuilderStand.start();
    const copy = stand.line.folder.file('log');
    const overSsh = await interleave(rounds, [
      { name: 'ours', sample: () => rate(() => logOf(stand.nexus, stand.line.folder.path, lines)) },
      { name: 'ssh … >file', sample: () => rate(() => stand.line.sshInto(copy, printing(lines))) },
    ]);
    yield { figure: `${figure}, over SSH`, ...said, results: overSsh };

    const ofNix = await interleave(rounds, [
      {
        name: 'ours',
        sample: () => rate(() => logOf(stand.nexus, stand.line.folder.path, lines, nixLine)),
      },
      { name: 'ssh … >file', sample: () => rate(() => stand.line.sshInto(copy, printing(lines, nixLine))) },
    ]);
    yield { figure: `${figure} as Nix writes them, over SSH`, ...said, results: ofNix };

    const most = (count: number) => async () => {
      await stand.nexus.forgetMost();
      await logOf(stand.nexus, stand.line.folder.path, count);
      return (await stand.nexus.memory()).most / 1024 ** 2;
    };
    const memory = await interleave(rounds, [
      { name: 'ours', sample: most(lines) },
      { name: 'with a tenth of it', sample: most(lines / 10) },
    ]);
    yield {
      figure: `most memory with a ${figure}`,
      unit: 'MiB',
      better: 'less',
      goal: 'flat',
      results: memory,
    };

    await using folder = await tempFolder();
    await using nexus = await Orchestrator.start({ folder: folder.path });
    await nexus.build({ kind: 'script', name: 'warm', script: 'true' });
    const here = await interleave(rounds, [
      { name: 'ours', sample: () => rate(() => logOf(nexus, folder.path, lines)) },
      { name: 'bash … >file', sample: () => rate(() => runInto(copy, 'bash', ['-c', printing(lines)])) },
    ]);
    yield { figure: `${figure}, this machine`, ...said, results: here };
  },
};

const plainLine = 'line %.0f of a build that prints as much as it can';
const nixLine = `@nix {"action":"result","fields":["${plainLine}"],"id":1,"type":101}`;

const printing = (lines: number, line = plainLine) => `seq -f '${line}' ${lines}`;

/** @throws when a line is missing. */
async function logOf(nexus: Orchestrator, folder: string, lines: number, line = plainLine): Promise<void> {
  const { id } = await nexus.client.submit({ kind: 'script', name: 'log', script: printing(lines, line) });
  const [streamed] = await Promise.all([countLines(nexus.client.log(id, { follow: true })), nexus.ended(id)]);
  const kept = await countLines(createReadStream(join(folder, 'data', 'builds', id, 'log')));
  if (streamed !== lines || kept !== lines) {
    throw new Error(`of ${lines} lines ${streamed} came through the API and ${kept} are on the disk`);
  }
}

async function countLines(chunks: AsyncIterable<Buffer>): Promise<number> {
  let count = 0;
  for await (const chunk of chunks) {
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) count += 1;
  }
  return count;
}

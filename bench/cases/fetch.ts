import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { RemoteFile } from '../../src/transport/fetch/remote-file.ts';
import { largeFile } from '../../test/fixtures/large-file.ts';
import { Sshd, sshdMissing } from '../../test/fixtures/sshd.ts';
import { type TempFolder, tempFolder } from '../../test/fixtures/temp-folder.ts';
import { type BenchCase, type Contender, interleave, secondsOf } from '../measure.ts';
import { hasRsync } from '../rsync.ts';

const run = promisify(execFile);
const program = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

export interface Line {
  sshd: Sshd;
  folder: TempFolder;
  key: string;
}

/** Artifacts from an sshd on this machine, random bytes, by the ways people have. */
export const fetchCase: BenchCase = {
  name: 'fetch',
  missing: sshdMissing,
  async *run({ small }) {
    await using sshd = await Sshd.start();
    await using folder = await tempFolder();
    const line = { sshd, folder, key: folder.file('key') };
    await writeFile(line.key, sshd.keys.client.privateKey, { mode: 0o600 });
    for (const megabytes of small ? [1, 32] : [1, 64, 1024]) {
      const file = await largeFile({ path: folder.file('file'), megabytes });
      const memory: number[] = [];
      const rounds = small ? 1 : megabytes > 500 ? 3 : 5;
      const results = await interleave(rounds, await contenders(line, file, memory));
      const goal = megabytes === 1024 ? '1.5 × scp' : null;
      yield { figure: `fetch ${megabytes} MiB, loopback`, unit: 'MiB/s', better: 'more', goal, results };
      if (megabytes === 1024 || small) {
        const most = [{ name: 'ours', median: Math.max(...memory), samples: memory }];
        const figure = `most memory while ${megabytes} MiB are fetched`;
        yield { figure, unit: 'MiB', better: 'less', goal: '200 MiB', results: most };
      }
    }
  },
};

/** The ways to fetch a file; what memory ours needed is added to `memory`. */
export async function contenders(
  { sshd, folder, key }: Line,
  file: RemoteFile,
  memory: number[],
): Promise<Contender[]> {
  const target = folder.file('copy');
  const argument = JSON.stringify({ address: sshd.address, file, target });
  const speed = (seconds: number) => file.bytes / 1024 ** 2 / seconds;
  const ssh = ['-i', key, '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-q'];
  const host = `root@${sshd.address.host}`;
  const from = `${host}:${file.path.replaceAll(' ', '\\ ')}`;
  const port = String(sshd.port);
  const rsync = [
    '--protect-args',
    '--whole-file',
    '--sparse',
    '-e',
    `ssh -p ${port} ${ssh.map((word) => `"${word}"`).join(' ')}`,
  ];
  const node = async (name: string) => {
    const { stdout } = await run(process.execPath, [program(name), argument]);
    const { seconds, rss } = JSON.parse(stdout);
    if (rss) memory.push(rss / 1024 ** 2);
    return speed(seconds);
  };
  const tool = async (name: string, args: string[]) => speed(await secondsOf(() => run(name, args)));
  const clean = (name: string, sample: () => Promise<number>): Contender => ({
    name,
    sample: async () => {
      await rm(target, { force: true });
      return sample();
    },
  });
  return [
    clean('ours', () => node('fetch-once.mjs')),
    clean('scp', () => tool('scp', [...ssh, '-P', port, `${host}:${file.path}`, target])),
    clean('sftp', () => tool('sftp', [...ssh, '-P', port, from, target])),
    ...((await hasRsync())
      ? [clean('rsync', () => tool('rsync', [...rsync, `${host}:${file.path}`, target]))]
      : []),
    clean('fastGet', () => node('fast-get.mjs')),
  ];
}

import { largeFile } from '../../test/fixtures/large-file.ts';
import { sshdMissing } from '../../test/fixtures/sshd.ts';
import { type BenchCase, interleave } from '../measure.ts';
import { SshStand } from '../stand.ts';
import { contenders } from './fetch.ts';

/** Images as large as they come, and as empty: with holes where a raw image has nothing. */
export const fetchLargeCase: BenchCase = {
  name: 'fetch-large',
  missing: sshdMissing,
  async *run({ small }) {
    await using stand = await SshStand.start();
    const compare = async (megabytes: number, data: number) => {
      const extents = data < megabytes ? spread(megabytes, data) : undefined;
      const file = await largeFile({
        path: stand.folder.file('file'),
        megabytes,
        ...(extents && { data: extents }),
      });
      const memory: number[] = [];
      const results = await interleave(1, await contenders(stand, file, memory));
      return { results, memory: Math.max(...memory) };
    };
    const [megabytes, data] = small ? [64, 4] : [8192, 300];
    const { results } = await compare(megabytes, data);
    const figure = `fetch ${megabytes} MiB of which ${data} have data`;
    yield { figure, unit: 'MiB/s', better: 'more', goal: null, results };
    if (small) return;
    const large = await compare(4096, 4096);
    yield {
      ...{ figure: 'fetch 4096 MiB, loopback', unit: 'MiB/s', better: 'more', goal: '1.5 × scp' },
      results: large.results,
    };
    const most = [{ name: 'ours', median: large.memory, samples: [large.memory] }];
    const of = 'most memory while 4096 MiB are fetched';
    yield { figure: of, unit: 'MiB', better: 'less', goal: '200 MiB', results: most };
  },
};

/** Data in ten places, as a file system leaves it. */
function spread(megabytes: number, data: number) {
  const places = Math.min(10, data);
  return Array.from({ length: places }, (_, index) => ({
    offset: Math.floor((index * megabytes) / places),
    length: Math.floor(data / places),
  }));
}

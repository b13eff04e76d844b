import { largeFile } from '../../test/fixtures/large-file.ts';
import { sshdMissing } from '../../test/fixtures/sshd.ts';
import { LongLine, longLineMissing } from '../long-line.ts';
import { type BenchCase, interleave } from '../measure.ts';
import { SshStand } from '../stand.ts';
import { contenders } from './fetch.ts';

/** Artifacts from an sshd at the end of a long line, whole and with losses. */
export const fetchLineCase: BenchCase = {
  name: 'fetch-line',
  missing: async () => (await sshdMissing()) ?? (await longLineMissing()),
  async *run({ small }) {
    for (const { loss, megabytes } of small
      ? [{ loss: 0.01, megabytes: 1 }]
      : [
          { loss: 0, megabytes: 256 },
          { loss: 0.01, megabytes: 16 },
        ]) {
      await using line = await LongLine.make({ roundTripMs: 50, loss });
      await using stand = await SshStand.start({ host: line.host, wrapper: line.wrapper });
      const file = await largeFile({ path: stand.folder.file('file'), megabytes });
      const all = await contenders(stand, file, []);
      const results = await interleave(small ? 1 : 2, small ? all.slice(0, 2) : all);
      const lost = loss > 0 ? `, ${100 * loss} % of the packets lost` : '';
      const figure = `fetch ${megabytes} MiB, round trip 50 ms${lost}`;
      yield { figure, unit: 'MiB/s', better: 'more', goal: '1.0 × scp', results };
    }
  },
};

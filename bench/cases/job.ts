import { rm } from 'node:fs/promises';
import { sshdMissing } from '../../test/fixtures/sshd.ts';
import { type BenchCase, interleave, secondsOf } from '../measure.ts';
import { BuilderStand } from '../stand.ts';

/** Whole jobs that make a file, against the same by hand: run the script over SSH, fetch what it made with scp. */
export const jobCase: BenchCase = {
  name: 'job',
  missing: sshdMissing,
  async *run({ small }) {
    const rounds = small ? 1 : 5;
    const megabytes = small ? 4 : 64;
    // What a build waits for is not ours, so it is the same for all.
    const seconds = small ? 0.1 : 1;
    const make = (path: string) => `sleep ${seconds}\nhead -c ${megabytes}M /dev/urandom >${path}`;
    await using stand = await BuilderStand.start({ NEXUS_SLOTS: '4' });
    const { line, nexus } = stand;
    const ours = async () => {
      const script = `${make('image.raw')}\nnexus-artifact image.raw`;
      const { artifacts } = await nexus.build({ kind: 'script', name: 'job', script });
      if (artifacts.length !== 1) throw new Error('a job has made no artifact');
    };
    const byHand = async (number: number) => {
      const [there, here] = [line.folder.file(`made-${number}`), line.folder.file(`fetched-${number}`)];
      await line.ssh(make(`'${there}'`));
      await line.scp(`stand:${there}`, here);
      for (const file of [there, here]) await rm(file);
    };
    for (const count of small ? [1, 2] : [1, 2, 4]) {
      const atOnce = (work: (number: number) => Promise<void>) => () =>
        secondsOf(() => Promise.all(Array.from({ length: count }, (_, number) => work(number))));
      const results = await interleave(rounds, [
        { name: 'ours', sample: atOnce(ours) },
        { name: 'ssh && scp', sample: atOnce(byHand) },
      ]);
      const jobs = count === 1 ? 'a job' : `${count} jobs at once`;
      const figure = `${jobs} of ${seconds} s and ${megabytes} MiB`;
      yield { figure, unit: 's', better: 'less', goal: null, results };
    }
  },
};

import { Pipe } from '../../src/bridge/pipe.ts';
import { SshTransport } from '../../src/transport/ssh-transport.ts';
import { keptLog } from '../../test/fixtures/kept-log.ts';
import { Sshd, sshdMissing } from '../../test/fixtures/sshd.ts';
import { PipeFolder } from '../../test/fixtures/watcher.ts';
import { type BenchCase, interleave, secondsOf } from '../measure.ts';

/** A script into the pipe, and the word of its end back, against one command over the same connection. */
export const pipeCase: BenchCase = {
  name: 'pipe',
  missing: sshdMissing,
  async *run({ small }) {
    await using sshd = await Sshd.start();
    await using folder = await PipeFolder.create();
    await folder.watch();
    await using ssh = await SshTransport.connect(sshd.address);
    await using pipe = new Pipe({ transport: ssh, root: folder.path, logger: keptLog().logger });
    const signal = new AbortController().signal;
    let count = 0;
    const roundTrip = async () => {
      const id = `bench-${++count}`;
      const events = pipe.events(id, signal);
      await pipe.send(id, `# nexus-build: ${id}\ntrue\n`, signal);
      for await (const { type } of events) if (type === 'finished') return;
    };
    const results = await interleave(small ? 3 : 25, [
      { name: 'ours', sample: async () => 1000 * (await secondsOf(roundTrip)) },
      { name: 'exec', sample: async () => 1000 * (await secondsOf(() => ssh.run(['true']))) },
    ]);
    yield { figure: 'pipe round trip', unit: 'ms', better: 'less', goal: 'exec + 30 ms', results };
  },
};

import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import type { BridgeEvent } from '../../../src/bridge/messages.ts';
import { Pipe } from '../../../src/bridge/pipe.ts';
import { CleanUp } from '../../../src/clean-up.ts';
import { localTransport } from '../../../src/transport/local-transport.ts';
import { SshTransport } from '../../../src/transport/ssh-transport.ts';
import type { Transport } from '../../../src/transport/transport.ts';
import { fails } from '../../fixtures/fails.ts';
import { type KeptLog, keptLog } from '../../fixtures/kept-log.ts';
import { skipUnless, within } from '../../fixtures/limits.ts';
import { Sshd, sshdMissing } from '../../fixtures/sshd.ts';
import { PipeFolder, until } from '../../fixtures/watcher.ts';

const bootId = async () => (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();

const script = (id: string, text: string) => `# nexus-build: ${id}\n${text}\n`;

interface Bench extends AsyncDisposable {
  folder: PipeFolder;
  pipe: Pipe;
  log: KeptLog;
}

/** A real watcher, and our end of its pipe. */
async function bench(connect: () => Promise<Transport>, { watch = true } = {}): Promise<Bench> {
  await using cleanUp = new CleanUp();
  const folder = cleanUp.use(await PipeFolder.create());
  if (watch) await folder.watch();
  const transport = cleanUp.use(await connect());
  const log = keptLog();
  const pipe = cleanUp.use(new Pipe({ transport, root: folder.path, logger: log.logger }));
  const owned = cleanUp.move();
  return { folder, pipe, log, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}

/** The types of a build's events, up to its end. */
async function typesOf(events: AsyncIterable<BridgeEvent>): Promise<string[]> {
  const types: string[] = [];
  const read = async () => {
    for await (const event of events) {
      types.push(event.type === 'phase' ? `phase ${event.phase}` : event.type);
      if (event.type === 'finished') return;
    }
  };
  await within('finished', read());
  return types;
}

let sshd: Sshd | undefined;
const transports: Record<string, () => Promise<Transport>> = {
  'this machine': async () => localTransport(),
  SSH: async () => {
    sshd ??= await Sshd.start();
    return SshTransport.connect(sshd.address);
  },
};

after(async () => sshd?.[Symbol.asyncDispose]());

for (const [kind, connect] of Object.entries(transports)) {
  describe(`The pipe over ${kind}`, () => {
    before(async function () {
      if (kind === 'SSH') skipUnless(this, await sshdMissing());
    });

    it('gives the greeting of the watcher that runs since this boot', async () => {
      await using bed = await bench(connect);
      const hello = await within('hello', bed.pipe.hello(await bootId()));
      assert.equal(hello.system, `${process.arch === 'x64' ? 'x86_64' : 'aarch64'}-linux`);
      assert.ok(hello.cores > 0 && hello.memory > 0 && hello.disk.total > hello.disk.free);
      const late = AbortSignal.timeout(100);
      await assert.rejects(bed.pipe.hello('another boot', late), { name: 'TimeoutError' });
    });

    it('hands two scripts over back to back and gives the events of each in order', async () => {
      await using bed = await bench(connect);
      const [one, two] = [bed.pipe.events('one'), bed.pipe.events('two')];
      await within(
        'both to be accepted',
        Promise.all([
          bed.pipe.send('one', script('one', 'nexus-phase first; sleep 0.2; nexus-phase second')),
          bed.pipe.send('two', script('two', 'nexus-phase only')),
        ]),
      );
      assert.deepEqual(await typesOf(one), [
        'accepted',
        'started',
        'phase first',
        'phase second',
        'finished',
      ]);
      assert.deepEqual(await typesOf(two), ['accepted', 'started', 'phase only', 'finished']);
    });

    it('loses none of 20 scripts that are sent at once', async () => {
      await using bed = await bench(connect);
      const ids = Array.from({ length: 20 }, (_, index) => `script-${index}`);
      const ends = ids.map((id) => typesOf(bed.pipe.events(id)));
      await Promise.all(ids.map((id) => bed.pipe.send(id, script(id, 'true'))));
      assert.deepEqual(
        await Promise.all(ends),
        ids.map(() => ['accepted', 'started', 'finished']),
      );
    });

    it('takes the same script twice and runs it once', async () => {
      await using bed = await bench(connect);
      const events = bed.pipe.events('again');
      await bed.pipe.send('again', script('again', 'echo x >> ../../ran'));
      await typesOf(events);
      await within('again', bed.pipe.send('again', script('again', 'echo x >> ../../ran')));
      assert.equal(await readFile(bed.folder.file('ran'), 'utf8'), 'x\n');
    });

    it('rejects a script that Bash cannot parse with Bash’s words, and takes the next', async () => {
      await using bed = await bench(connect);
      await fails(bed.pipe.send('bad', script('bad', 'if then')), 'script-rejected', /syntax error/);
      await within('the next', bed.pipe.send('good', script('good', 'true')));
    });

    it('reports a malformed line once, with its offset, and goes on', async () => {
      await using bed = await bench(connect);
      await within('hello', bed.pipe.hello(await bootId()));
      const offset = (await readFile(bed.folder.file('pipe_out'))).length;
      await appendFile(bed.folder.file('pipe_out'), '{"v":1,"seq":\n{"v":1,"type":"from-the-future"}\n');
      const events = bed.pipe.events('after');
      await bed.pipe.send('after', script('after', 'true'));
      assert.deepEqual(await typesOf(events), ['accepted', 'started', 'finished']);
      const warnings = bed.log
        .text()
        .split('\n')
        .filter((line) => line.includes('Malformed'));
      assert.equal(warnings.length, 1);
      assert.deepEqual(JSON.parse(warnings[0] ?? ''), {
        level: 'warn',
        message: 'Malformed event skipped',
        offset,
        why: 'not JSON',
      });
    });

    it('fails a script that nobody takes when its signal says so, and the next one works', async () => {
      await using bed = await bench(connect, { watch: false });
      await writeFile(bed.folder.file('pipe_out'), '');
      const enough = AbortSignal.timeout(300);
      await assert.rejects(within('the abort', bed.pipe.send('lost', script('lost', 'true'), enough)), {
        name: 'TimeoutError',
      });
      await bed.folder.watch();
      await within('the next', bed.pipe.send('next', script('next', 'true')));
    });

    it('fails every wait with “stopping” once it is closed', async () => {
      await using bed = await bench(connect);
      const waiting = typesOf(bed.pipe.events('never'));
      const greeting = bed.pipe.hello('never');
      waiting.catch(() => {});
      greeting.catch(() => {});
      await bed.pipe[Symbol.asyncDispose]();
      await fails(waiting, 'stopping');
      await fails(greeting, 'stopping');
      await fails(bed.pipe.send('never', script('never', 'true')), 'stopping');
      assert.ok(bed.pipe.lost.aborted);
    });
  });
}

describe('The pipe over SSH', () => {
  before(async function () {
    skipUnless(this, await sshdMissing());
  });

  it('misses no event while its connection is killed', async () => {
    await using own = await Sshd.start();
    await using bed = await bench(() => SshTransport.connect(own.address));
    const events = typesOf(bed.pipe.events('long'));
    await bed.pipe.send('long', script('long', 'for i in 1 2 3 4 5 6; do nexus-phase $i; sleep 0.1; done'));
    for (let round = 0; round < 2; round += 1) {
      await until('a connection', async () => (await own.killConnections()) || undefined);
    }
    const phases = [1, 2, 3, 4, 5, 6].map((number) => `phase ${number}`);
    assert.deepEqual(await events, ['accepted', 'started', ...phases, 'finished']);
  });

  it('fails every wait with “connection-lost” when the builder does not come back', async () => {
    await using own = await Sshd.start();
    await using bed = await bench(() => SshTransport.connect(own.address, { reconnectMs: 300 }));
    await within('hello', bed.pipe.hello(await bootId()));
    const waiting = typesOf(bed.pipe.events('never'));
    waiting.catch(() => {});
    await own.stop();
    await fails(waiting, 'connection-lost', /cannot be followed any more/);
    await assert.rejects(within('send', bed.pipe.send('never', script('never', 'true'))));
  });
});

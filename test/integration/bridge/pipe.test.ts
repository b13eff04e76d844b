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

    it('sends a script again that another hand has replaced', async () => {
      await using bed = await bench(connect, { watch: false });
      const sending = bed.pipe.send('mine', script('mine', 'true'));
      await until('the script', () => readFile(bed.folder.file('pipe_in')).catch(() => undefined));
      await bed.folder.send('other', 'true');
      await bed.folder.watch();
      await bed.folder.event('finished', 'other');
      await within('mine', sending);
    });

    it('replays a build from its first event on and goes on as it happens, each once', async () => {
      await using bed = await bench(connect);
      const wait = 'nexus-phase one; until [[ -e go ]]; do sleep 0.05; done; nexus-phase two';
      await bed.folder.send('past', wait);
      await bed.folder.event('phase', 'past');
      await bed.folder.runBuild('other', 'true');
      const [first, second] = [typesOf(bed.pipe.replay('past')), typesOf(bed.pipe.replay('past'))];
      await writeFile(bed.folder.build('past', 'go'), '');
      const all = ['accepted', 'started', 'phase one', 'phase two', 'finished'];
      assert.deepEqual([await first, await second], [all, all]);
      assert.deepEqual(await typesOf(bed.pipe.replay('past')), all);
    });

    it('replays the end of a build of which pipe_out knows nothing any more', async () => {
      await using bed = await bench(connect);
      await bed.folder.runBuild('old', 'exit 3');
      await bed.folder.marker('old');
      await writeFile(bed.folder.file('pipe_out'), '');
      assert.deepEqual((await typesOf(bed.pipe.replay('old'))).slice(-1), ['finished']);
    });

    it('reads on when the watcher has shortened pipe_out, and tells each event once', async () => {
      await using bed = await bench(connect, { watch: false });
      const watcher = await bed.folder.watch();
      const old = bed.pipe.events('old');
      await bed.folder.runBuild('old', 'true');
      await bed.folder.marker('old');
      const seen: string[] = [];
      void (async () => {
        for await (const event of old) seen.push(event.type);
      })().catch(() => {});
      const junk = '{"v":1,"seq":1,"at":"x","type":"phase","id":"junk","phase":"x"}\n';
      await bed.folder.append(junk.repeat(140_000));
      await within('hello', bed.pipe.hello(await bootId()));
      await until('the old build', () => seen.length === 3 || undefined);
      await watcher.stop();
      bed.folder.spawnWatcher();
      const next = bed.pipe.events('next');
      await within('the next', bed.pipe.send('next', script('next', 'true')));
      assert.deepEqual(await typesOf(next), ['accepted', 'started', 'finished']);
      assert.deepEqual(seen, ['accepted', 'started', 'finished']);
    });

    it('finds events behind garbage of every kind, and reports each piece once', async () => {
      await using bed = await bench(connect);
      await within('hello', bed.pipe.hello(await bootId()));
      const garbage = [
        Buffer.from('{"v":1,"seq":17,"at":"half a li'),
        Buffer.from([0, 0, 0, 0xff, 0xfe, 0xc3]),
        Buffer.from(`${'x'.repeat(1_200_000)}`),
        Buffer.from('{"v":1,"seq":1.5,"at":"x","type":"started","id":"garbage-3"}\n'),
        Buffer.from('{"v":1,"seq":1e300,"at":"x","type":"started","id":"garbage-4"}\n'),
      ];
      for (const [index, piece] of garbage.entries()) {
        const id = `garbage-${index}`;
        const events = bed.pipe.events(id);
        const ours = `{"v":1,"seq":${100 + index},"at":"now","type":"started","id":"${id}"}\n`;
        await bed.folder.append(Buffer.concat([piece, Buffer.from(ours)]));
        await bed.folder.append(
          ours.replace('started', 'finished').replace('}', ',"result":"success","status":0}'),
        );
        assert.deepEqual(await typesOf(events), ['started', 'finished']);
      }
      const reports = bed.log.text().match(/(Malformed event|behind something malformed)/g);
      assert.equal(reports?.length, garbage.length);
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

  it('waits for a builder that is away, and loses nothing that was written meanwhile', async () => {
    await using own = await Sshd.start();
    await using bed = await bench(() => SshTransport.connect(own.address));
    await within('hello', bed.pipe.hello(await bootId()));
    const events = typesOf(bed.pipe.events('away'));
    await own.stop();
    const sending = bed.pipe.send('later', script('later', 'true'));
    await bed.folder.runBuild('away', 'true');
    await own.listen();
    assert.deepEqual(await events, ['accepted', 'started', 'finished']);
    await within('the script that waited', sending);
  });

  it('reads from the start when a power cut has taken what was read, and tells each event once', async () => {
    await using own = await Sshd.start();
    await using bed = await bench(() => SshTransport.connect(own.address), { watch: false });
    const watcher = await bed.folder.watch();
    const events = bed.pipe.events('cut');
    await bed.folder.send('cut', 'nexus-phase on; until [[ -e go ]]; do sleep 0.05; done');
    const phase = await bed.folder.event('phase', 'cut');
    const told: string[] = [];
    const reading = (async () => {
      for await (const event of events) {
        told.push(`${event.seq} ${event.type}`);
        if (event.type === 'finished') return;
      }
    })();
    reading.catch(() => {});
    await until('the phase', () => told.length === 3 || undefined);
    await own.stop();
    await watcher.stop();
    const whole = await readFile(bed.folder.file('pipe_out'), 'utf8');
    await writeFile(bed.folder.file('pipe_out'), whole.slice(0, whole.indexOf(`{"v":1,"seq":${phase.seq}`)));
    await bed.folder.watch();
    await writeFile(bed.folder.build('cut', 'go'), '');
    await bed.folder.event('finished', 'cut');
    await own.listen();
    await within('finished', reading);
    // The greeting of the new watcher has the number of the phase that was lost.
    assert.deepEqual(told, ['2 accepted', '3 started', '4 phase', '5 finished']);
  });
});

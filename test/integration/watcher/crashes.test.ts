import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, PipeFolder, until, watcherPrograms } from '../../fixtures/watcher.ts';

async function supervisorOf(pipe: PipeFolder, id: string): Promise<number> {
  const pid = Number(await readFile(pipe.build(id, 'supervisor'), 'utf8'));
  // Zero would be our own process group.
  assert.ok(pid > 1);
  return pid;
}

describe('A build outlives', () => {
  it('a killed watcher, and ends once under the next one', async () => {
    await using pipe = await PipeFolder.create();
    const first = await pipe.watch();
    await pipe.send('on', 'nexus-phase waiting; until [[ -e go ]]; do sleep 0.05; done; echo went');
    await pipe.event('phase', 'on');
    await first.stop('SIGKILL');
    await pipe.watch();
    assert.equal((await pipe.eventsOf('on')).filter((event) => event.type === 'finished').length, 0);
    await writeFile(pipe.build('on', 'go'), '');
    assert.equal((await pipe.event('finished', 'on')).result, 'success');
    assert.equal(await pipe.log('on'), 'went\n');
    await pipe.assertSound();
  });

  it('a watcher that is stopped, and ends without any', async () => {
    await using pipe = await PipeFolder.create();
    const watcher = await pipe.watch();
    await pipe.send('on', 'nexus-phase waiting; until [[ -e go ]]; do sleep 0.05; done');
    await pipe.event('phase', 'on');
    assert.equal((await watcher.stop('SIGTERM')).code, 0);
    await writeFile(pipe.build('on', 'go'), '');
    assert.equal((await pipe.event('finished', 'on')).result, 'success');
    await pipe.watch();
    await pipe.assertSound();
  });

  it('a watcher that is killed again and again', async () => {
    await using pipe = await PipeFolder.create();
    let watcher = await pipe.watch();
    const ids = Array.from({ length: 16 }, (_, index) => `round-${index}`);
    for (const [index, id] of ids.entries()) {
      const script = 'for n in 1 2 3 4 5; do nexus-phase n "$n"; sleep 0.05; done; echo once';
      await pipe.send(id, script);
      // At another point of its work each time: before the answer, and well after it.
      await sleep(index * 2);
      await watcher.stop('SIGKILL');
      watcher = await pipe.watch();
      // Whoever has had no answer sends again.
      await pipe.send(id, script);
      await pipe.event('accepted', id);
    }
    for (const id of ids) {
      assert.equal((await pipe.event('finished', id)).result, 'success');
      assert.equal(await pipe.log(id), 'once\n');
    }
    await pipe.assertSound();
  });
});

describe('A build is interrupted', () => {
  const stubborn = `trap '' TERM; setsid sleep 1000 & nexus-phase on; while :; do sleep 1; done`;

  it('when its supervisor is killed, and nothing of it is left', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    await pipe.send('orphan', stubborn);
    await pipe.event('phase', 'orphan');
    process.kill(await supervisorOf(pipe, 'orphan'), 'SIGKILL');
    assert.equal((await pipe.event('finished', 'orphan')).result, 'interrupted');
    assert.deepEqual(await pipe.processesOf('orphan'), []);
    await pipe.assertSound();
  });

  it('when its supervisor and the watcher are killed', async () => {
    await using pipe = await PipeFolder.create();
    const watcher = await pipe.watch();
    await pipe.send('orphan', stubborn);
    await pipe.event('phase', 'orphan');
    await watcher.stop('SIGKILL');
    process.kill(await supervisorOf(pipe, 'orphan'), 'SIGKILL');
    await pipe.watch();
    const finished = await pipe.event('finished', 'orphan');
    assert.equal(finished.result, 'interrupted');
    assert.equal(finished.status, null);
    assert.deepEqual(await pipe.processesOf('orphan'), []);
    await pipe.assertSound();
  });

  it('when the machine went down, whether it had started or not', async () => {
    await using pipe = await PipeFolder.create();
    const watcher = await pipe.watch();
    for (const id of ['past', 'waiting']) {
      await pipe.runBuild(id, 'true');
      await pipe.marker(id);
    }
    await watcher.stop();
    // As a power cut in an earlier boot leaves them.
    for (const id of ['past', 'waiting']) {
      for (const name of ['finished', 'ending']) await rm(pipe.build(id, name));
      await writeFile(pipe.build(id, 'boot'), '00000000-0000-0000-0000-000000000000\n');
    }
    await rm(pipe.build('waiting', 'started'));
    const lines = (await readFile(pipe.file('pipe_out'), 'utf8')).split('\n');
    await writeFile(pipe.file('pipe_out'), lines.filter((line) => !line.includes('"finished"')).join('\n'));
    await pipe.watch();
    for (const id of ['past', 'waiting'])
      assert.equal((await pipe.event('finished', id)).result, 'interrupted');
  });

  it('but cancelled when that was asked for before its supervisor was killed', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    await pipe.send('orphan', stubborn);
    await pipe.event('phase', 'orphan');
    process.kill(await supervisorOf(pipe, 'orphan'), 'SIGKILL');
    await pipe.cancel('orphan');
    assert.equal((await pipe.event('finished', 'orphan')).result, 'cancelled');
    assert.deepEqual(await pipe.processesOf('orphan'), []);
    await pipe.assertSound();
  });
});

describe('The end is told once', () => {
  it('when the event was written and the marker was not', async () => {
    await using pipe = await PipeFolder.create();
    const watcher = await pipe.watch();
    const finished = await pipe.runBuild('told', 'exit 4');
    await pipe.marker('told');
    await watcher.stop();
    await rm(pipe.build('told', 'finished'));
    await pipe.watch();
    assert.deepEqual(JSON.parse(await pipe.marker('told')), finished);
    await pipe.assertSound();
  });

  it('with what was known when the teller was killed before the event', async () => {
    await using pipe = await PipeFolder.create();
    const watcher = await pipe.watch();
    await pipe.send('known', 'nexus-phase on; sleep 1000');
    await pipe.event('phase', 'known');
    await watcher.stop();
    process.kill(await supervisorOf(pipe, 'known'), 'SIGKILL');
    await writeFile(pipe.build('known', 'ending'), 'exit-code:7:\n');
    await pipe.watch();
    const finished = await pipe.event('finished', 'known');
    assert.equal(finished.result, 'exit-code');
    assert.equal(finished.status, 7);
  });

  it('when its event was torn', async () => {
    await using pipe = await PipeFolder.create();
    const watcher = await pipe.watch();
    await pipe.runBuild('torn', 'exit 4');
    await pipe.marker('torn');
    await watcher.stop();
    await rm(pipe.build('torn', 'finished'));
    const text = await readFile(pipe.file('pipe_out'), 'utf8');
    await writeFile(pipe.file('pipe_out'), text.slice(0, -20));
    await pipe.watch();
    assert.equal((await pipe.event('finished', 'torn')).status, 4);
    await pipe.assertSound();
  });
});

describe('The watcher', () => {
  it('waits while another one serves its folder, and takes over', async () => {
    await using pipe = await PipeFolder.create();
    const first = await pipe.watch();
    const second = pipe.spawnWatcher();
    await until('the word of the second', () => /another watcher serves/.test(second.stderr) || undefined);
    assert.equal((await pipe.runBuild('first', 'true')).result, 'success');
    assert.equal((await pipe.events()).filter((event) => event.type === 'hello').length, 1);
    await first.stop('SIGKILL');
    await until('the second greeting', async () =>
      (await pipe.events()).filter((event) => event.type === 'hello').length === 2 ? true : undefined,
    );
    assert.equal((await pipe.runBuild('second', 'true')).result, 'success');
    await pipe.assertSound();
  });

  it('ends when the process that started it has gone, wherever it is', async () => {
    await using pipe = await PipeFolder.create();
    // A parent that was killed before our first line: somebody else is our parent now.
    const { code, stderr } = await pipe.spawnWatcher({ NEXUS_PARENT: '1' }).end();
    assert.deepEqual([code, /which started this watcher, has gone/.test(stderr)], [0, true]);
    await pipe.watch();
    // And one that goes while we wait for our turn, or serve.
    const parent = await spawnParent(pipe);
    const [child] = await until('the child', async () => {
      const children = await childrenOf(parent);
      return children.length > 0 ? children : undefined;
    });
    assert.ok(child);
    process.kill(parent, 'SIGKILL');
    await until('the end of the child', async () => ((await isAlive(child)) ? undefined : true));
    assert.equal((await pipe.runBuild('still', 'true')).result, 'success');
  });

  it('loses no script however early it is killed', async () => {
    await using pipe = await PipeFolder.create();
    await (await pipe.watch()).stop();
    for (let round = 0; round < 12; round += 1) {
      const id = `early-${round}`;
      await pipe.send(id, 'echo once');
      const watcher = pipe.spawnWatcher();
      await sleep(round * 15);
      await watcher.stop('SIGKILL');
      await using _ = await pipe.watch();
      assert.equal((await pipe.event('finished', id)).result, 'success');
      assert.equal(await pipe.log(id), 'once\n');
    }
    await pipe.assertSound();
  });

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    it(`leaves no inotifywait behind at ${signal}`, async () => {
      await using pipe = await PipeFolder.create();
      const watcher = await pipe.watch();
      const [listener, ...more] = await watcher.listeners();
      assert.ok(listener);
      assert.deepEqual(more, []);
      const ended = await watcher.stop(signal);
      if (signal === 'SIGTERM') assert.equal(ended.code, 0);
      await until('the end of inotifywait', async () => ((await isAlive(listener)) ? undefined : true));
    });
  }

  it('fails aloud when inotifywait dies', async () => {
    await using pipe = await PipeFolder.create();
    const watcher = await pipe.watch();
    const [listener] = await watcher.listeners();
    assert.ok(listener);
    process.kill(listener, 'SIGKILL');
    const { code, stderr } = await watcher.end();
    assert.equal(code, 1);
    assert.match(stderr, /inotifywait has ended/);
  });

  it('fails aloud when its folder is taken away', async () => {
    await using pipe = await PipeFolder.create();
    const watcher = await pipe.watch();
    await rm(pipe.path, { recursive: true });
    const { code, stderr } = await watcher.end();
    assert.equal(code, 1);
    assert.match(stderr, /has lost its epoch or pipe_out/);
  });

  it('leaves nothing but the protocol in its folder', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    await pipe.runBuild('tidy', 'true');
    await pipe.marker('tidy');
    const visible = (names: string[]) => names.filter((name) => !name.startsWith('.')).sort();
    assert.deepEqual(visible(await readdir(pipe.path)), ['builds', 'epoch', 'pipe_out']);
    assert.deepEqual(visible(await readdir(pipe.build('tidy'))), [
      'boot',
      'ending',
      'finished',
      'log',
      'script',
      'started',
      'supervisor',
    ]);
  });
});

/** A process that starts a watcher as the orchestrator does, except that nothing ties the two together. */
async function spawnParent(pipe: PipeFolder): Promise<number> {
  const program = 'NEXUS_PARENT=$$ "$0/nexus-watcher" & wait';
  const child = spawn('bash', ['-c', program, watcherPrograms], { env: pipe.environment, stdio: 'ignore' });
  await once(child, 'spawn');
  assert.ok(child.pid);
  return child.pid;
}

async function childrenOf(parent: number): Promise<number[]> {
  const children = await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8').catch(() => '');
  return children.split(' ').filter(Boolean).map(Number);
}

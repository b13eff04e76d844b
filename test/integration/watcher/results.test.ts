import assert from 'node:assert/strict';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { PipeFolder } from '../../fixtures/watcher.ts';

describe('A build ends', () => {
  const ends = [
    { script: 'true', result: 'success', status: 0, signal: null },
    { script: 'exit 3', result: 'exit-code', status: 3, signal: null },
    { script: 'set -e; false; true', result: 'exit-code', status: 1, signal: null },
    { script: 'no-such-command', result: 'exit-code', status: 127, signal: null },
    { script: 'exit 137', result: 'exit-code', status: 137, signal: null },
    { script: "bash -c 'kill -9 $$'; exit $?", result: 'exit-code', status: 137, signal: null },
    { script: 'kill -KILL $$', result: 'signal', status: null, signal: 'KILL' },
    { script: 'kill -TERM $$', result: 'signal', status: null, signal: 'TERM' },
    { script: 'kill -INT $$', result: 'signal', status: null, signal: 'INT' },
    { script: 'kill -PIPE $$', result: 'signal', status: null, signal: 'PIPE' },
    { script: 'ulimit -c 0; kill -SEGV $$', result: 'signal', status: null, signal: 'SEGV' },
  ] as const;
  for (const { script, result, status, signal } of ends) {
    it(`as ${result} ${status ?? signal} after: ${script}`, async () => {
      await using pipe = await PipeFolder.create();
      await pipe.watch();
      const finished = await pipe.runBuild('end', script);
      assert.deepEqual(
        { result: finished.result, status: finished.status, signal: finished.signal },
        { result, status, signal },
      );
      await pipe.assertSound();
    });
  }

  it('with its standard output and error in its log', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    await pipe.runBuild('log', 'echo out; echo err >&2; printf "\\0\\377"');
    assert.equal(
      Buffer.from(await pipe.log('log'), 'utf8')
        .subarray(0, 8)
        .toString(),
      'out\nerr\n',
    );
  });

  it('with the processes it left in the background', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    await pipe.runBuild('forks', 'sleep 1000 & setsid sleep 1000 & (sleep 1000; true) & disown -a');
    assert.deepEqual(await pipe.processesOf('forks'), []);
  });
});

describe('A unit ends in the words of systemd, and the build in ours', () => {
  const ends = [
    { unit: 'success exited 0', build: 'success 0 null' },
    { unit: 'exit-code exited 3', build: 'exit-code 3 null' },
    { unit: 'signal killed KILL', build: 'signal null KILL' },
    { unit: 'core-dump dumped SEGV', build: 'signal null SEGV' },
    { unit: 'success killed TERM', build: 'signal null TERM' },
    { unit: 'oom-kill killed KILL', build: 'oom-kill null KILL' },
    { unit: 'oom-kill exited 137', build: 'oom-kill 137 null' },
    { unit: 'timeout killed TERM', build: 'timeout null TERM' },
    { unit: 'timeout exited 0', build: 'success 0 null' },
    { unit: 'resources - -', build: 'interrupted null null' },
    { unit: 'success killed TERM', build: 'cancelled null null', cancelled: true },
    { unit: 'timeout killed KILL', build: 'cancelled null null', cancelled: true },
  ];
  for (const { unit, build, cancelled } of ends) {
    it(`${unit}${cancelled ? ' after nexus-cancel' : ''} is ${build}`, async () => {
      await using pipe = await PipeFolder.create();
      await mkdir(pipe.build('unit'), { recursive: true });
      await writeFile(pipe.build('unit', 'boot'), await readFile('/proc/sys/kernel/random/boot_id'));
      if (cancelled) await writeFile(pipe.build('unit', 'cancelled'), '');
      const [serviceResult, exitCode, exitStatus] = unit.split(' ');
      const environment = {
        NEXUS_MODE: 'systemd',
        SERVICE_RESULT: serviceResult,
        ...(exitCode !== '-' && { EXIT_CODE: exitCode, EXIT_STATUS: exitStatus }),
      };
      await pipe.program('nexus-end', ['unit'], environment);
      await pipe.program('nexus-end', ['unit'], environment);
      const [finished, ...more] = await pipe.eventsOf('unit');
      assert.equal(`${finished?.result} ${finished?.status} ${finished?.signal}`, build);
      assert.deepEqual(more, []);
    });
  }

  it('is what systemd said first, when the teller was ended before it could tell', async () => {
    await using pipe = await PipeFolder.create();
    await mkdir(pipe.build('unit'), { recursive: true });
    await writeFile(pipe.build('unit', 'started'), '1\n');
    await writeFile(pipe.build('unit', 'ended'), 'exited:7:exit-code\n');
    await pipe.program('nexus-run', ['unit'], { NEXUS_MODE: 'systemd' });
    const closed = {
      NEXUS_MODE: 'systemd',
      SERVICE_RESULT: 'success',
      EXIT_CODE: 'exited',
      EXIT_STATUS: '0',
    };
    await pipe.program('nexus-end', ['unit'], closed);
    const [finished, ...more] = await pipe.eventsOf('unit');
    assert.equal(`${finished?.result} ${finished?.status}`, 'exit-code 7');
    assert.deepEqual(more, []);
  });

  it('is unknown when nobody saw it, however well the closing of the build goes', async () => {
    await using pipe = await PipeFolder.create();
    await mkdir(pipe.build('unit'), { recursive: true });
    await writeFile(pipe.build('unit', 'started'), '1\n');
    await pipe.program('nexus-run', ['unit'], { NEXUS_MODE: 'systemd' });
    assert.equal((await pipe.event('finished', 'unit')).result, 'interrupted');
    assert.equal(await readFile(pipe.build('unit', 'ended'), 'utf8'), '::\n');
  });
});

describe('nexus-cancel', () => {
  it('ends a build with every process it has, also those that ignore TERM or left the session', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    await pipe.send(
      'stubborn',
      `trap '' TERM
      setsid bash -c 'trap "" TERM; while :; do sleep 1; done' &
      env -i bash -c 'trap "" TERM; while :; do /bin/sleep 1; done' &
      bash -c 'kill -STOP $$' &
      nexus-phase running
      while :; do sleep 1; done`,
    );
    await pipe.event('phase', 'stubborn');
    assert.ok((await pipe.processesOf('stubborn')).length >= 3);
    await pipe.cancel('stubborn');
    assert.deepEqual(await pipe.processesOf('stubborn'), []);
    const finished = await pipe.event('finished', 'stubborn');
    assert.equal(finished.result, 'cancelled');
    assert.equal((await pipe.runBuild('next', 'true')).result, 'success');
    await pipe.assertSound();
  });

  it('ends a build that keeps forking', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    await pipe.send(
      'forks',
      `f() { trap '' TERM; sleep 0.05; setsid bash -c "$(declare -f f); f" & }; nexus-phase on; f; sleep 100`,
    );
    await pipe.event('phase', 'forks');
    await pipe.cancel('forks');
    assert.deepEqual(await pipe.processesOf('forks'), []);
    assert.equal((await pipe.event('finished', 'forks')).result, 'cancelled');
  });

  it('is a script of one line', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    await pipe.send('victim', 'sleep 1000');
    await pipe.event('started', 'victim');
    assert.equal((await pipe.runBuild('killer', 'nexus-cancel victim')).result, 'success');
    assert.equal((await pipe.event('finished', 'victim')).result, 'cancelled');
  });

  it('may be called by the build itself', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    assert.equal(
      (await pipe.runBuild('self', 'nexus-cancel "$NEXUS_BUILD_ID"; sleep 1000')).result,
      'cancelled',
    );
  });

  it('may come at any moment, and twice', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    for (let index = 0; index < 10; index++) {
      const id = `young-${index}`;
      await pipe.send(id, 'sleep 1000');
      await pipe.event('accepted', id);
      await Promise.all([pipe.cancel(id), pipe.cancel(id)]);
      await pipe.cancel(id);
      assert.equal((await pipe.event('finished', id)).result, 'cancelled');
      assert.deepEqual(await pipe.processesOf(id), []);
    }
    await pipe.assertSound();
  });

  it('leaves a build alone that has ended', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    await pipe.runBuild('done', 'true');
    await pipe.marker('done');
    await pipe.cancel('done');
    await assert.rejects(access(pipe.build('done', 'cancelled')));
    await pipe.assertSound();
  });

  it('refuses what is no build', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    await assert.rejects(pipe.cancel('nobody'), /no such build/);
    await assert.rejects(pipe.cancel('../..'), /not an id/);
  });
});

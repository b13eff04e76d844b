import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { PipeFolder } from '../../fixtures/watcher.ts';

/** A script under these limits. */
const limited = (limits: string, script: string) => `# nexus-limits: ${limits}\n${script}`;

describe('A build that reaches a limit is ended by the watcher', () => {
  const cases = [
    {
      limit: 'time',
      value: 1,
      script: `trap '' TERM; setsid bash -c 'trap "" TERM; while :; do echo x; sleep 0.2; done' & while :; do echo y; sleep 0.2; done`,
    },
    { limit: 'silence', value: 1, script: 'echo once; sleep 1000' },
    { limit: 'log', value: 100_000, script: 'yes | head -c 200000; sleep 1000' },
    {
      limit: 'artifact',
      value: 10,
      script: 'set -e; echo 12345678901 > big; nexus-artifact big; sleep 1000',
    },
  ];
  for (const { limit, value, script } of cases) {
    it(`${limit}, with all its processes, and told which it was`, async () => {
      await using pipe = await PipeFolder.create();
      await pipe.watch();
      const finished = await pipe.runBuild('limited', limited(`${limit}=${value}`, script));
      assert.equal(finished.result, 'timeout');
      assert.deepEqual(finished.limit, { name: limit, value });
      assert.deepEqual(await pipe.processesOf('limited'), []);
      assert.equal((await pipe.eventsOf('limited')).filter(({ type }) => type === 'artifact').length, 0);
      assert.equal((await pipe.runBuild('next', 'true')).result, 'success');
      await pipe.assertSound();
    });
  }

  it('also when the watcher was another one at its start', async () => {
    await using pipe = await PipeFolder.create();
    const first = await pipe.watch();
    await pipe.send('orphan', limited('time=1', 'sleep 1000'));
    await pipe.event('started', 'orphan');
    await first.stop('SIGKILL');
    await pipe.watch();
    assert.deepEqual((await pipe.event('finished', 'orphan')).limit, { name: 'time', value: 1 });
    assert.deepEqual(await pipe.processesOf('orphan'), []);
    await pipe.assertSound();
  });
});

describe('Limits', () => {
  it('leave a build alone that keeps to them, and count all its artifacts together', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    const script =
      'set -e; echo 1234 > a; nexus-artifact a; nexus-artifact a b; ! nexus-artifact a c; sleep 1.5; echo end';
    const finished = await pipe.runBuild(
      'good',
      limited('time=100 silence=100 log=1000 artifact=10', script),
    );
    assert.equal(finished.result, 'success');
    assert.equal(finished.limit, undefined);
    assert.match(await pipe.log('good'), /would have 15 bytes, and the build may make 10/);
  });

  it('are not reached by a build that is cancelled', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    await pipe.send('cancelled', limited('time=1000', 'sleep 1000'));
    await pipe.event('started', 'cancelled');
    await writeFile(pipe.build('cancelled', 'limit'), 'time 1000\n');
    await pipe.cancel('cancelled');
    assert.equal((await pipe.event('finished', 'cancelled')).result, 'cancelled');
  });

  const wrong = [
    'time=0',
    'time=1h',
    'time=1 time=2',
    'memory=1',
    'time',
    'log=$(id)',
    'log=9999999999999999',
  ];
  for (const line of wrong) {
    it(`that are written like “${line}” are refused with the script`, async () => {
      await using pipe = await PipeFolder.create();
      await pipe.watch();
      await pipe.send('wrong', limited(line, 'true'));
      assert.match(String((await pipe.event('rejected', 'wrong')).why), /^no limit: /);
      assert.equal((await pipe.runBuild('wrong', limited('', 'true'))).result, 'success');
    });
  }

  it('that come later in a script are words of that script', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    const finished = await pipe.runBuild('words', 'true\n\n\n# nexus-limits: nonsense\n');
    assert.equal(finished.result, 'success');
    assert.ok((await readFile(pipe.build('words', 'script'), 'utf8')).includes('nonsense'));
  });
});

describe('A unit that a limit has stopped', () => {
  const ends = [
    { unit: 'success killed TERM', build: 'timeout null null' },
    { unit: 'success exited 143', build: 'timeout null null' },
    { unit: 'timeout killed KILL', build: 'timeout null null' },
    { unit: 'success exited 0', build: 'success 0 null' },
  ];
  for (const { unit, build } of ends) {
    it(`${unit} is ${build}`, async () => {
      await using pipe = await PipeFolder.create();
      const [serviceResult, exitCode, exitStatus] = unit.split(' ');
      await mkdir(pipe.build('unit'), { recursive: true });
      await writeFile(pipe.build('unit', 'limit'), 'silence 60\n');
      await pipe.program('nexus-end', ['unit'], {
        NEXUS_MODE: 'systemd',
        SERVICE_RESULT: serviceResult,
        EXIT_CODE: exitCode,
        EXIT_STATUS: exitStatus,
      });
      const [finished] = await pipe.eventsOf('unit');
      assert.equal(`${finished?.result} ${finished?.status} ${finished?.signal}`, build);
      const limit = finished?.result === 'timeout' ? { name: 'silence', value: 60 } : undefined;
      assert.deepEqual(finished?.limit, limit);
    });
  }
});

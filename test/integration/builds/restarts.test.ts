import assert from 'node:assert/strict';
import { access, appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { parseBuildEvent } from '../../../src/builds/event.ts';
import { skipUnless } from '../../fixtures/limits.ts';
import { builderMissing } from '../../fixtures/orchestrator.ts';
import { OrchestratorProcess } from '../../fixtures/orchestrator-process.ts';
import { processesNaming, untilNoProcessNames } from '../../fixtures/sshd.ts';
import { until } from '../../fixtures/watcher.ts';

/** Bash that waits for a file. */
const waitFor = (file: string) => `until [ -e '${file}' ]; do sleep 0.05; done`;

const isThere = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );

/** The types in the journal of a build, whose numbers have to be without gap. */
async function journalOf(nexus: OrchestratorProcess, id: string): Promise<string[]> {
  const text = await readFile(nexus.folder.file('data', 'builds', id, 'events.jsonl'), 'utf8');
  const events = text.trimEnd().split('\n').map(parseBuildEvent);
  assert.deepEqual(
    events.map((event) => event?.n),
    events.map((_, index) => index + 1),
  );
  return events.map((event) => event?.type ?? 'damaged');
}

describe('An orchestrator that is killed', () => {
  before(async function () {
    skipUnless(this, await builderMissing());
  });

  it('has its builds finished by the next one: the one that runs, and those that wait', async () => {
    await using nexus = await OrchestratorProcess.start();
    const [go, ran] = [nexus.folder.file('go'), nexus.folder.file('ran')];
    const first = await nexus.script(
      `echo run >> '${ran}'; echo first; nexus-phase waiting; ${waitFor(go)}; echo last; echo x > x; nexus-artifact x`,
    );
    const second = await nexus.script(`echo second >> '${ran}'; echo second`);
    await nexus.inPhase(first.id, 'waiting');
    await nexus.kill();
    await nexus.start();
    assert.equal((await nexus.client.show(second.id)).state, 'queued');
    await writeFile(go, '');
    const [one, two] = await Promise.all([nexus.ended(first.id), nexus.ended(second.id)]);
    assert.deepEqual(
      [one.state, two.state],
      ['succeeded', 'succeeded'],
      JSON.stringify([one.error, two.error]),
    );
    assert.equal(await readFile(ran, 'utf8'), 'run\nsecond\n', 'each ran once');
    assert.equal(await nexus.logOf(first.id), 'first\nlast\n');
    assert.deepEqual(await journalOf(nexus, first.id), [
      ...['queued', 'prepare', 'started', 'phase', 'collect', 'succeeded'],
    ]);
    assert.deepEqual(await readdir(nexus.folder.file('artifacts')), [`script-${first.id}`]);
  });

  it('has a build collected that ended while nobody was there', async () => {
    await using nexus = await OrchestratorProcess.start();
    const [go, done] = [nexus.folder.file('go'), nexus.folder.file('done')];
    const build = await nexus.script(
      `nexus-phase waiting; ${waitFor(go)}; echo made > made; nexus-artifact made; echo said; touch '${done}'`,
    );
    await nexus.inPhase(build.id, 'waiting');
    await nexus.kill();
    await writeFile(go, '');
    const finished = nexus.folder.file('data', 'this-machine', 'builds', build.id, 'finished');
    await until('its end', async () => (await isThere(finished)) || undefined);
    await nexus.start();
    const ended = await nexus.ended(build.id);
    assert.equal(ended.state, 'succeeded', JSON.stringify(ended.error));
    assert.equal(await nexus.logOf(build.id), 'said\n');
    assert.equal(await readFile(ended.artifacts[0]?.path ?? '', 'utf8'), 'made\n');
  });

  it('at any moment of a build has it finished once by the next one', async () => {
    await using nexus = await OrchestratorProcess.start();
    const ran = nexus.folder.file('ran');
    for (let turn = 0; turn < 5; turn += 1) {
      const build = await nexus.script(
        `echo ${turn} >> '${ran}'; head -c 3000000 /dev/urandom > big; nexus-artifact big; seq 1000`,
      );
      await new Promise((resolve) => setTimeout(resolve, turn * 90));
      await nexus.kill();
      await nexus.start();
      const ended = await nexus.ended(build.id);
      assert.equal(ended.state, 'succeeded', JSON.stringify(ended.error));
      assert.equal((await nexus.logOf(build.id)).split('\n').length, 1001);
      assert.equal((await journalOf(nexus, build.id)).filter((type) => type === 'started').length, 1);
      const names = await readdir(nexus.folder.file('artifacts', `script-${build.id}`));
      assert.deepEqual(names.sort(), ['SHA256SUMS', 'big', 'manifest.json']);
    }
    assert.equal(await readFile(ran, 'utf8'), '0\n1\n2\n3\n4\n');
    const hidden = (await readdir(nexus.folder.file('artifacts'))).filter((name) => name.startsWith('.'));
    assert.deepEqual(hidden, []);
  });

  it('does not forget that a build was to be cancelled', async () => {
    await using nexus = await OrchestratorProcess.start();
    const build = await nexus.script('trap "" TERM; nexus-phase running; while :; do sleep 4714.5; done');
    await nexus.inPhase(build.id, 'running');
    const cancelling = nexus.client.cancel(build.id).catch(() => undefined);
    await nexus.when(build.id, 'the request to be recorded', ({ cancelling }) => cancelling);
    await nexus.kill();
    await cancelling;
    await nexus.start();
    const ended = await nexus.ended(build.id);
    assert.equal(ended.state, 'cancelled');
    assert.deepEqual(await processesNaming('sleep 4714.5'), []);
  });

  it('leaves builds that can be cancelled as soon as the next one answers', async () => {
    await using nexus = await OrchestratorProcess.start();
    const running = await nexus.script('nexus-phase running; sleep 4715.5');
    const waiting = await nexus.script('true');
    await nexus.inPhase(running.id, 'running');
    await nexus.kill();
    await nexus.start();
    const ended = await Promise.all([nexus.client.cancel(running.id), nexus.client.cancel(waiting.id)]);
    assert.deepEqual(
      ended.map(({ state }) => state),
      ['cancelled', 'cancelled'],
    );
    assert.deepEqual(await processesNaming('sleep 4715.5'), []);
  });

  it('leaves nothing running of a build that had been given up', async () => {
    await using nexus = await OrchestratorProcess.start();
    const build = await nexus.script('nexus-phase running; sleep 4716.5');
    await nexus.inPhase(build.id, 'running');
    await nexus.kill();
    // As after a builder that did not answer when it was asked to end it.
    const journal = nexus.folder.file('data', 'builds', build.id, 'events.jsonl');
    const n = (await readFile(journal, 'utf8')).trimEnd().split('\n').length + 1;
    await appendFile(journal, `${JSON.stringify({ n, at: new Date(), type: 'cancelled' })}\n`);
    await nexus.start();
    assert.equal((await nexus.client.show(build.id)).state, 'cancelled');
    assert.equal((await processesNaming('sleep 4716.5')).length > 0, true, 'it still runs');
    const next = await nexus.script('true');
    assert.equal((await nexus.ended(next.id)).state, 'succeeded');
    await untilNoProcessNames('sleep 4716.5');
  });
});

describe('A build that its builder interrupts', () => {
  before(async function () {
    skipUnless(this, await builderMissing());
  });

  it('is built once more, and its log has both', async () => {
    await using nexus = await OrchestratorProcess.start();
    const again = nexus.folder.file('again');
    const build = await nexus.script(
      `echo attempt; if [ ! -e '${again}' ]; then touch '${again}'; kill -KILL $(cat ../*/supervisor); nexus-phase orphaned; sleep 30; fi; echo done`,
    );
    const ended = await nexus.ended(build.id);
    assert.equal(ended.state, 'succeeded', JSON.stringify(ended.error));
    assert.equal(ended.attempt, 2);
    const log = await nexus.logOf(build.id);
    assert.match(log, /^attempt\n[\s\S]*built again[\s\S]*attempt\ndone\n$/);
  });

  it('twice, fails and says so', async () => {
    await using nexus = await OrchestratorProcess.start();
    const build = await nexus.script('kill -KILL $(cat supervisor); sleep 30');
    const ended = await nexus.ended(build.id);
    assert.deepEqual([ended.state, ended.error?.code, ended.attempt], ['failed', 'interrupted', 2]);
  });
});

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { skipUnless } from '../../fixtures/limits.ts';
import { builderMissing } from '../../fixtures/orchestrator.ts';
import { OrchestratorProcess } from '../../fixtures/orchestrator-process.ts';
import { processesNaming, untilNoProcessNames } from '../../fixtures/sshd.ts';

describe('An orchestrator that stops', () => {
  before(async function () {
    skipUnless(this, await builderMissing());
  });

  it('leaves what runs running, and what waits waiting, for the next one', async () => {
    await using nexus = await OrchestratorProcess.start();
    const go = nexus.folder.file('go');
    const running = await nexus.script(
      `nexus-phase running; until [ -e '${go}' ]; do sleep 0.05; done; sleep 0.01`,
    );
    const waiting = await nexus.script('echo waited');
    await nexus.inPhase(running.id, 'running');
    const { status, stderr } = await nexus.stop();
    assert.equal(status, 0, stderr);
    assert.match(stderr, /Orchestrator stopped/);
    assert.ok((await processesNaming(running.id)).some((line) => line.includes('nexus-run-plain')));
    await writeFile(go, '');
    await nexus.start();
    const ends = await Promise.all([nexus.ended(running.id), nexus.ended(waiting.id)]);
    assert.deepEqual(
      ends.map(({ state, attempt }) => [state, attempt]),
      [
        ['succeeded', 1],
        ['succeeded', 1],
      ],
    );
  });

  it('cancels all when it is told to, and leaves no process', async () => {
    await using nexus = await OrchestratorProcess.start({ NEXUS_STOP: 'cancel' });
    const running = await nexus.script('nexus-phase running; sleep 4716.5');
    const waiting = await nexus.script('true');
    await nexus.inPhase(running.id, 'running');
    assert.equal((await nexus.stop('SIGINT')).status, 0);
    assert.deepEqual(await processesNaming('sleep 4716.5'), []);
    await untilNoProcessNames(nexus.folder.file('data', 'this-machine'));
    await nexus.start();
    const states = await Promise.all(
      [running, waiting].map(async ({ id }) => (await nexus.client.show(id)).state),
    );
    assert.deepEqual(states, ['cancelled', 'cancelled']);
  });

  it('lets what runs finish when a client asks for that, takes nothing new, and can still be asked', async () => {
    await using nexus = await OrchestratorProcess.start();
    const go = nexus.folder.file('go');
    const running = await nexus.script(`nexus-phase running; until [ -e '${go}' ]; do sleep 0.05; done`);
    const waiting = await nexus.script('true');
    await nexus.inPhase(running.id, 'running');
    assert.equal(await nexus.client.stop('finish'), 'finish');
    await nexus.process.untilSays(/Orchestrator stopping/);
    await assert.rejects(nexus.script('true'), /stopping/);
    assert.equal((await nexus.client.show(running.id)).state, 'building');
    await writeFile(go, '');
    assert.equal((await nexus.end()).status, 0);
    await untilNoProcessNames(nexus.folder.file('data', 'this-machine'));
    await nexus.start();
    assert.equal((await nexus.client.show(running.id)).state, 'succeeded');
    assert.equal((await nexus.ended(waiting.id)).state, 'succeeded');
  });

  it('ends at once at a second signal, and the next one finds its builds', async () => {
    await using nexus = await OrchestratorProcess.start({ NEXUS_STOP: 'finish' });
    const running = await nexus.script('nexus-phase running; sleep 4717.5');
    await nexus.inPhase(running.id, 'running');
    nexus.process.child.kill('SIGTERM');
    await nexus.process.untilSays(/Orchestrator stopping/);
    const { signal } = await nexus.stop('SIGTERM');
    assert.equal(signal, 'SIGTERM');
    await nexus.start();
    assert.equal((await nexus.client.show(running.id)).state, 'building');
    await nexus.client.cancel(running.id);
    assert.deepEqual(await processesNaming('sleep 4717.5'), []);
  });
});

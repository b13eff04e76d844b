import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { soak } from '../faults/seed.ts';
import { engineIsNotOurs, restartEngine } from './engine.ts';
import { requireEndToEnd } from './requirements.ts';
import { counted, counting, VmProcess } from './vm-process.ts';

/** What a build is that a fault must not touch. */
async function unharmed(vm: VmProcess, id: string, to: number): Promise<void> {
  const build = await vm.ended(id);
  assert.deepEqual([build.state, build.attempt], ['succeeded', 1], JSON.stringify(build.error));
  assert.equal(await vm.nexus.logOf(id), counted(to));
}

/** Begins to count, and counts from the beginning when it is built again. */
async function interrupted(vm: VmProcess, fault: () => Promise<unknown>): Promise<void> {
  const { id } = await vm.nexus.script(counting(120));
  await vm.inPhase(id, 'counting');
  await fault();
  const build = await vm.ended(id);
  assert.deepEqual([build.state, build.attempt], ['succeeded', 2], JSON.stringify(build.error));
  assert.ok((await vm.nexus.logOf(id)).endsWith(counted(120)));
}

async function skipUnlessOurs(context: Mocha.Context): Promise<void> {
  const reason = await engineIsNotOurs();
  if (!reason) return;
  console.log(`      left out: ${reason}`);
  context.skip();
}

describe('A fault of the VM', function () {
  this.timeout(15 * 60_000);
  let vm: VmProcess;

  before(async function () {
    await requireEndToEnd(this);
    vm = await VmProcess.start('faults');
  });

  after(() => vm?.[Symbol.asyncDispose]());

  it('that pauses it longer than any patience of the line harms no build', async () => {
    const { id } = await vm.nexus.script(counting(100));
    await vm.inPhase(id, 'counting');
    await vm.docker('pause', vm.name);
    const { state } = await vm.builder('unreachable', ({ unreachableSince }) => unreachableSince !== null);
    assert.equal(state, 'busy');
    await sleep(10_000);
    await vm.docker('unpause', vm.name);
    await unharmed(vm, id, 100);
    assert.equal((await vm.nexus.client.builder()).unreachableSince, null);
  });

  it('that fills its disk is told by the build that did it, and mended by the next', async () => {
    const { id } = await vm.nexus.script(
      'while free=$(df --output=avail --block-size=4K . | tail -n 1); (( free > 1 )) &&\n' +
        '  fallocate -l "$((free * 4096 * 9 / 10))" "fill-$free"; do :; done\n' +
        'head -c 10000000 /dev/zero >rest',
    );
    const build = await vm.ended(id);
    await using guest = await vm.connect();
    await guest.run(['sh', '-c', 'cd "$1" && rm -f fill-* rest', 'sh', `/nexus_bootstrap/builds/${id}`]);
    // The log is on the same disk, and could not say so.
    assert.deepEqual([build.state, build.error?.code], ['failed', 'disk-full'], JSON.stringify(build.error));
    assert.equal(await vm.run('echo again'), 'again\n');
  });

  it('that keeps the word of an end back does not change how the build has ended', async () => {
    await using guest = await vm.connect();
    // Longer than systemd lets anybody tell an end. It is as if the machine were very busy.
    const { id } = await vm.nexus.script(
      'nexus-phase waiting; until [[ -e go ]]; do sleep 0.1; done; exit 7',
    );
    await vm.inPhase(id, 'waiting');
    const hold = `flock /nexus_bootstrap/pipe_out bash -c 'touch /nexus_bootstrap/builds/${id}/go; sleep 8'`;
    await guest.run(['sh', '-c', hold]);
    const build = await vm.ended(id);
    assert.deepEqual([build.state, build.attempt], ['failed', 1]);
    assert.match(build.error?.message ?? '', /\b7\b/);
  });

  it('of the Engine, which is restarted and keeps its containers, harms no build', async function () {
    await skipUnlessOurs(this);
    const [{ id }, container] = [await vm.nexus.script(counting(250)), await vm.containerId()];
    await vm.inPhase(id, 'counting');
    await restartEngine({ keep: true });
    await unharmed(vm, id, 250);
    assert.equal(await vm.containerId(), container);
    assert.doesNotMatch(vm.log, /Builder lost/);
  });

  it('that resets the guest has its builds made again, with the settings there again', async () => {
    const [container, boot] = [await vm.containerId(), await vm.bootId()];
    await vm.setting('environment', 'GREETING=after the reset\n');
    await interrupted(vm, async () => {
      await using guest = await vm.connect();
      await guest.run(['sh', '-c', 'echo b >/proc/sysrq-trigger']).catch(() => {});
    });
    assert.equal(await vm.run('echo "$GREETING"'), 'after the reset\n');
    assert.equal(await vm.containerId(), container);
    assert.notEqual(await vm.bootId(), boot);
    assert.doesNotMatch(vm.log, /Builder lost/);
  });

  // For the VM it is what the last one is, and a minute of a run that has thirty.
  if (soak > 1)
    it('of the Engine, which is restarted and ends its containers, has its builds made again', async function () {
      await skipUnlessOurs(this);
      const container = await vm.containerId();
      await interrupted(vm, () => restartEngine({ keep: false }));
      assert.notEqual(await vm.containerId(), container);
    });

  it('that kills QEMU has its builds made again in a new VM', async () => {
    const container = await vm.containerId();
    await interrupted(vm, () => vm.docker('kill', '--signal', 'KILL', vm.name));
    assert.notEqual(await vm.containerId(), container);
  });
});

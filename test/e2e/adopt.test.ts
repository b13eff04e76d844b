import assert from 'node:assert/strict';
import { requireEndToEnd } from './requirements.ts';
import { counted, counting, VmProcess } from './vm-process.ts';

describe('A VM that an orchestrator has left running', function () {
  this.timeout(15 * 60_000);
  let vm: VmProcess;
  let boot: string;

  before(async function () {
    await requireEndToEnd(this);
    vm = await VmProcess.start('adopt');
    boot = await vm.bootId();
  });

  after(() => vm?.[Symbol.asyncDispose]());

  it('is taken over by the next one after a kill, and its builds go on without a gap', async () => {
    const { nexus } = vm;
    const { id } = await nexus.script(counting(150));
    await vm.inPhase(id, 'counting');
    const container = await vm.containerId();
    await nexus.kill();
    await vm.setting('environment', 'GREETING=hello\n');
    await nexus.start();
    const build = await vm.ended(id);
    assert.deepEqual([build.state, build.attempt], ['succeeded', 1], JSON.stringify(build.error));
    assert.equal(await nexus.logOf(id), counted(150));
    assert.equal(await vm.containerId(), container);
    assert.equal(await vm.bootId(), boot);
    assert.match(vm.log, /A VM with builds in it is taken over/);
  });

  it('has the settings of the one that took it over', async () => {
    assert.equal(await vm.run('echo "$GREETING"'), 'hello\n');
  });

  it('is left running by one that is asked to stop while a build runs', async () => {
    const { nexus } = vm;
    const { id } = await nexus.script(`${counting(80)}\necho made > made\nnexus-artifact made`);
    await vm.inPhase(id, 'counting');
    assert.equal((await nexus.stop('SIGTERM')).status, 0);
    await nexus.start();
    const build = await vm.ended(id);
    assert.deepEqual([build.state, build.artifacts.length], ['succeeded', 1], JSON.stringify(build.error));
    assert.equal(await nexus.logOf(id), counted(80));
    assert.equal(await vm.bootId(), boot);
  });

  it('is seen at once although nothing is built', async () => {
    await vm.nexus.kill();
    await vm.nexus.start();
    await vm.builder('ready', ({ state }) => state === 'ready');
    assert.match(vm.log, /The VM that was left running is taken over/);
    assert.equal(await vm.bootId(), boot);
  });

  it('is powered down and made anew when it would be made differently, and nothing runs in it', async () => {
    const container = await vm.containerId();
    await vm.nexus.kill();
    await vm.nexus.start({ NEXUS_VM_CORES: '1' });
    const another = await vm.until('another container', async () => {
      const id = await vm.containerId();
      return id === container ? undefined : id;
    });
    assert.match(vm.log, /is made anew.*NEXUS_VM_CORES was 2 and is 1 now/);
    // Its boot is the business of other tests.
    await vm.docker('rm', '--force', another);
    await vm.builder('lost', ({ state }) => state === 'lost');
  });
});

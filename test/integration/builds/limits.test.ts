import assert from 'node:assert/strict';
import { skipUnless, within } from '../../fixtures/limits.ts';
import { builderMissing, TestOrchestrator } from '../../fixtures/orchestrator.ts';

describe('A build under limits', () => {
  before(async function () {
    skipUnless(this, await builderMissing());
  });

  it('is ended by its own limit, and says which one and what raises it', async () => {
    await using nexus = await TestOrchestrator.start({ NEXUS_LIMIT_SILENCE: '1' });
    const request = { kind: 'script', name: 'x', script: 'echo hello; sleep 1000' } as const;
    const build = await nexus.build({ ...request, limits: { time: 1, silence: null } });
    assert.equal(build.error?.code, 'limit-reached');
    assert.match(build.error?.message ?? '', /1 s.*time=1/);
    assert.match(build.error?.hint ?? '', /--time-limit/);
    assert.match(await nexus.logOf(build.id), /^hello\n/);
    const byDefault = await nexus.build(request);
    assert.match(byDefault.error?.message ?? '', /silence=1/);
  });

  it('makes no artifact larger than it may', async () => {
    await using nexus = await TestOrchestrator.start({ NEXUS_LIMIT_ARTIFACT: '1K' });
    const script = 'set -e; head -c 2000 /dev/zero > big; nexus-artifact big';
    const build = await nexus.ended((await nexus.script(script)).id);
    assert.match(build.error?.message ?? '', /artifact=1024/);
    assert.equal(build.error?.code, 'limit-reached');
  });
});

describe('A build that finds too little room', () => {
  before(async function () {
    skipUnless(this, await builderMissing());
  });

  for (const setting of ['NEXUS_ROOM_HERE', 'NEXUS_ROOM_BUILDER']) {
    it(`${setting === 'NEXUS_ROOM_HERE' ? 'here' : 'on the builder'} says so while it waits, and then fails`, async () => {
      await using nexus = await TestOrchestrator.start({ [setting]: '4000T', NEXUS_ROOM_TIMEOUT: '2' });
      const { id } = await nexus.script('true');
      const reasons = new Set<string | null>();
      const watch = async () => {
        for await (const { build } of nexus.client.watch(id)) reasons.add(build.waiting);
      };
      await within('the end of the wait', watch());
      assert.ok([...reasons].some((reason) => reason?.includes('this build needs')));
      const { state, error, waiting } = await nexus.client.show(id);
      assert.deepEqual([state, error?.code, waiting], ['failed', 'disk-full', null]);
    });
  }

  it('in memory fails with that name', async () => {
    await using nexus = await TestOrchestrator.start({ NEXUS_ROOM_MEMORY: '4000T', NEXUS_ROOM_TIMEOUT: '1' });
    const build = await nexus.ended((await nexus.script('true')).id);
    assert.equal(build.error?.code, 'out-of-memory');
  });

  it('can be cancelled while it waits', async () => {
    await using nexus = await TestOrchestrator.start({ NEXUS_ROOM_HERE: '4000T' });
    const { id } = await nexus.script('true');
    const cancelled = await within('the cancel', nexus.client.cancel(id));
    assert.equal(cancelled.state, 'cancelled');
  });
});

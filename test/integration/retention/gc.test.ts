import assert from 'node:assert/strict';
import { mkdir, readdir, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fails } from '../../fixtures/fails.ts';
import { skipUnless } from '../../fixtures/limits.ts';
import { builderMissing, TestOrchestrator } from '../../fixtures/orchestrator.ts';
import { tempFolder } from '../../fixtures/temp-folder.ts';

const makesFile = 'set -e; echo x > file; nexus-artifact file';
const longAgo = new Date('2020-01-01T00:00:00Z');

async function built(nexus: TestOrchestrator, name = 'kept'): Promise<string> {
  const { id, state } = await nexus.ended((await nexus.script(makesFile, { name })).id);
  assert.equal(state, 'succeeded');
  return id;
}

describe('What is kept of builds', () => {
  before(async function () {
    skipUnless(this, await builderMissing());
  });

  it('is as much as the settings say, and never what is pinned; a dry run says what would go', async () => {
    await using nexus = await TestOrchestrator.start({ NEXUS_KEEP_BUILDS: '1' });
    const [pinned, oldest, newest] = [await built(nexus), await built(nexus), await built(nexus)];
    await nexus.client.pin(pinned, true);
    assert.equal((await nexus.client.show(pinned)).pinned, true);
    const dry = await nexus.client.gc(true);
    assert.deepEqual(
      dry.items.map(({ kind, name }) => [kind, name]),
      [['build', oldest]],
    );
    assert.ok(dry.bytes > 0);
    await nexus.client.show(oldest);
    const { items, bytes } = await nexus.client.gc(false);
    assert.deepEqual([items, bytes], [dry.items, dry.bytes]);
    await fails(nexus.client.show(oldest), 'not-found');
    const left = (await readdir(join(nexus.config.data, 'builds'))).sort();
    assert.deepEqual(left, [pinned, newest].sort());
    assert.ok((await readdir(nexus.config.artifacts)).includes(`kept-${oldest}`), 'artifacts are the user’s');
    assert.deepEqual((await nexus.client.gc(false)).items, []);
    await nexus.client.pin(pinned, false);
    assert.deepEqual(
      (await nexus.client.gc(false)).items.map(({ name }) => name),
      [pinned],
    );
  });

  it('is without artifacts where they go with their builds', async () => {
    await using nexus = await TestOrchestrator.start({
      ...{ NEXUS_KEEP_DAYS: '1', NEXUS_KEEP_BUILDS: '1', NEXUS_KEEP_ARTIFACTS: 'with-build' },
    });
    const [first, second] = [await built(nexus), await built(nexus)];
    await nexus.client.gc(false);
    assert.deepEqual(await readdir(nexus.config.artifacts), [`kept-${second}`]);
    await fails(nexus.client.show(first), 'not-found');
  });

  it('is less when somebody removes a build, which is refused while it runs or is pinned', async () => {
    await using nexus = await TestOrchestrator.start();
    const running = await nexus.script('nexus-phase on; sleep 1000');
    await nexus.inPhase(running.id, 'on');
    const refused = await fails(nexus.client.remove(running.id, false), 'not-finished');
    assert.match(refused.hint ?? '', /nexus cancel/);
    await nexus.client.cancel(running.id);
    await nexus.client.pin(running.id, true);
    const pinned = await fails(nexus.client.remove(running.id, false), 'pinned');
    assert.match(pinned.hint ?? '', /nexus unpin/);
    await nexus.client.pin(running.id, false);
    await nexus.client.remove(running.id, false);
    await fails(nexus.client.remove(running.id, false), 'not-found');
    const id = await built(nexus);
    await nexus.client.remove(id, true);
    assert.deepEqual(await readdir(nexus.config.artifacts), []);
  });

  it('survives a restart, and a removal that was cut short is finished by it', async () => {
    await using nexus = await TestOrchestrator.start();
    const [all, record] = [await built(nexus), await built(nexus)];
    await nexus.stop();
    const folder = (name: string) => join(nexus.config.data, 'builds', name);
    await rename(folder(all), folder(`.${all}.removed-all`));
    await rename(folder(record), folder(`.${record}.removed`));
    await mkdir(folder('.20200101-000000-abcd.removed-all'));
    await nexus.start();
    assert.deepEqual(await readdir(join(nexus.config.data, 'builds')), []);
    assert.deepEqual(await readdir(nexus.config.artifacts), [`kept-${record}`]);
    for (const id of [all, record]) await fails(nexus.client.show(id), 'not-found');
  });
});

describe('What nobody needs any more', () => {
  before(async function () {
    skipUnless(this, await builderMissing());
  });

  it('goes once it is a day old: sources of no build, temporaries, fetches of builds that have ended', async () => {
    await using nexus = await TestOrchestrator.start();
    await using folder = await tempFolder();
    const sources = join(nexus.config.data, 'sources');
    const upload = async (text: string) => {
      await writeFile(folder.file('x'), text);
      return nexus.upload(folder.path);
    };
    const [used, unused, young] = [await upload('1'), await upload('2'), await upload('3')];
    await nexus.ended((await nexus.script('true', { source: used })).id);
    const temporary = join(sources, '.7f6d2a0e-90c1-4f6a-8a39-3a1a0a4a2f11');
    const fetch = join(nexus.config.artifacts, '.x-20200101-000000-abcd.part');
    const mine = join(nexus.config.artifacts, '.mine.part');
    await writeFile(temporary, 'x');
    await mkdir(fetch);
    await writeFile(join(fetch, 'half'), 'x');
    await mkdir(mine);
    const old = [temporary, fetch, mine, ...[used, unused].flatMap((id) => [`${id}.tar`, `${id}.json`])];
    for (const path of old) await utimes(join(path.startsWith('/') ? '' : sources, path), longAgo, longAgo);
    const { items } = await nexus.client.gc(false);
    assert.deepEqual(
      items.map(({ name }) => name).sort(),
      [
        '.7f6d2a0e-90c1-4f6a-8a39-3a1a0a4a2f11',
        '.x-20200101-000000-abcd.part',
        `${unused}.json`,
        `${unused}.tar`,
      ].sort(),
    );
    assert.deepEqual(
      (await readdir(sources)).sort(),
      [used, young].flatMap((id) => [`${id}.json`, `${id}.tar`]).sort(),
    );
    assert.deepEqual(await readdir(nexus.config.artifacts), ['.mine.part']);
  });

  it('goes from the builder too, but not what still runs there', async () => {
    await using nexus = await TestOrchestrator.start();
    const done = await nexus.ended((await nexus.script('true')).id);
    const running = await nexus.script('nexus-phase on; sleep 1000');
    await nexus.inPhase(running.id, 'on');
    const folder = (...names: string[]) => join(nexus.config.data, 'this-machine', 'builds', ...names);
    await utimes(folder(done.id, 'finished'), longAgo, longAgo);
    const { items, notes } = await nexus.client.gc(false);
    assert.deepEqual(notes, []);
    assert.deepEqual(
      items.map(({ kind, name }) => [kind, name]),
      [['builder-folder', done.id]],
    );
    assert.deepEqual(await readdir(folder()), [running.id]);
    await nexus.client.cancel(running.id);
  });
});

import assert from 'node:assert/strict';
import { appendFile, mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import type { Build } from '../../../src/builds/build.ts';
import type { Kept } from '../../../src/builds/event.ts';
import { BuildStore } from '../../../src/builds/store.ts';
import { newBuild } from '../../../src/builds/transition.ts';
import { dataPaths } from '../../../src/paths.ts';
import { fails } from '../../fixtures/fails.ts';
import { keptLog } from '../../fixtures/kept-log.ts';
import { tempFolder } from '../../fixtures/temp-folder.ts';

const request = (name = 'x') => ({ kind: 'script', name, script: 'true' }) as const;
const created = (second: number) => new Date(Date.UTC(2026, 8, 11, 10, 15, second));
const artifacts = [{ name: 'a', bytes: 1, sha256: '0'.repeat(64), path: '/a' }];

const toBuilding: Kept[] = [
  { type: 'prepare', builder: 'this-machine', epoch: 'e' },
  { type: 'started', seq: 3 },
];
const toSuccess: Kept[] = [
  ...toBuilding,
  { type: 'phase', phase: 'hashing', seq: 4 },
  { type: 'collect', artifacts, retrieve: [] },
  { type: 'succeeded', artifacts },
];

/** A store in a folder of its own, which can be opened again. */
class Place implements AsyncDisposable {
  readonly log = keptLog();
  readonly #folder;

  private constructor(folder: Awaited<ReturnType<typeof tempFolder>>) {
    this.#folder = folder;
  }

  static async make(): Promise<Place> {
    return new Place(await tempFolder());
  }

  get paths() {
    return dataPaths(this.#folder.path);
  }

  open(): Promise<BuildStore> {
    return BuildStore.open(this.paths, this.log.logger);
  }

  /** A store with one build to which this has happened. */
  async with(happenings: readonly Kept[], id = 'one'): Promise<[BuildStore, Build]> {
    const store = await this.open();
    await store.add(newBuild(id, request(), created(1)));
    for (const happening of happenings) await store.apply(id, happening);
    return [store, await store.get(id)];
  }

  [Symbol.asyncDispose]() {
    return this.#folder[Symbol.asyncDispose]();
  }
}

describe('The store', () => {
  it('has every build again when it is opened again, as it was', async () => {
    await using place = await Place.make();
    const [store, finished] = await place.with(toSuccess);
    await store.add(newBuild('two', request(), created(2)));
    for (const happening of toBuilding) await store.apply('two', happening);
    await store.apply('two', { type: 'cancel' });
    const running = await store.get('two');
    const again = await place.open();
    assert.deepEqual([await again.get('one'), await again.get('two')], [finished, running]);
    assert.deepEqual(again.unfinished(), [running]);
    assert.equal(place.log.text(), '');
  });

  it('shows a change when it is on the disk, and not before', async () => {
    await using place = await Place.make();
    const [store] = await place.with([]);
    const seen: string[] = [];
    const { events } = place.paths.build('one');
    store.onChange(async ({ state }) => seen.push(state));
    const change = store.apply('one', { type: 'prepare', builder: 'this-machine', epoch: 'e' });
    assert.equal((await store.get('one')).state, 'queued');
    assert.deepEqual(seen, []);
    await change;
    assert.match(await readFile(events, 'utf8'), /"type":"prepare"/);
    assert.deepEqual(seen, ['preparing']);
  });

  it('shows nothing of what could not be written', async () => {
    await using place = await Place.make();
    const [store, before] = await place.with(toBuilding);
    const { events } = place.paths.build('one');
    const kept = await readFile(events);
    await rm(events);
    await symlink('/dev/full', events);
    const error = await fails(store.apply('one', { type: 'cancel' }), 'record-failed', /ENOSPC/);
    assert.match(error.hint ?? '', /full/);
    assert.deepEqual(await store.get('one'), before);
    await rm(events);
    await writeFile(events, kept);
    await store.apply('one', { type: 'cancel' });
    assert.equal((await (await place.open()).get('one')).cancelling, true);
  });

  it('can be asked for a build while its end is being written', async () => {
    await using place = await Place.make();
    for (let round = 0; round < 20; round += 1) {
      const id = `round-${round}`;
      const [store] = await place.with([], id);
      let ended = false;
      const ending = store.apply(id, { type: 'cancelled' }).then(() => {
        ended = true;
      });
      while (!ended) await Promise.all([store.get(id), setImmediate()]);
      await ending;
    }
    assert.equal(place.log.text(), '', 'nothing was made anew, or taken for what a crash has left');
  });

  it('lets nothing happen to a build that has ended', async () => {
    await using place = await Place.make();
    const [store, build] = await place.with([{ type: 'cancelled' }]);
    await fails(store.apply('one', { type: 'cancel' }), 'internal', /ended/);
    assert.deepEqual(await store.get('one'), build);
  });

  it('keeps the order in which changes were asked for', async () => {
    await using place = await Place.make();
    const [store] = await place.with(toBuilding);
    const phases = Array.from({ length: 20 }, (_, seq) => ({ type: 'phase', phase: `${seq}`, seq }) as const);
    await Promise.all(phases.map((phase) => store.apply('one', phase)));
    const journal = await readFile(place.paths.build('one').events, 'utf8');
    const written = [...journal.matchAll(/"phase":"(\d+)"/g)].map(([, phase]) => phase);
    assert.deepEqual(
      written,
      phases.map(({ phase }) => phase),
    );
  });

  it('lists builds newest first, in pages, although the clock was set back', async () => {
    await using place = await Place.make();
    const store = await place.open();
    for (const [id, second] of Object.entries({ b: 2, d: 4, c: 3, a: 1, e: 4 }))
      await store.add(newBuild(id, request(), created(second)));
    for (const opened of [store, await place.open()]) {
      const page = await opened.page({ limit: 3 });
      assert.deepEqual([page.builds.map(({ id }) => id), page.next], [['e', 'd', 'c'], 'c']);
      const rest = await opened.page({ limit: 3, before: 'c' });
      assert.deepEqual([rest.builds.map(({ id }) => id), rest.next], [['b', 'a'], null]);
    }
  });

  it('goes on with a page although the build it ended with was removed', async () => {
    await using place = await Place.make();
    const store = await place.open();
    for (const [index, id] of ['a', 'b', 'c'].entries()) {
      await store.add(newBuild(id, request(), created(index)));
      await store.apply(id, { type: 'cancelled' });
    }
    await rm(place.paths.build('b').root, { recursive: true });
    store.forget('b');
    assert.deepEqual(
      (await store.page({ limit: 9, before: 'b' })).builds.map(({ id }) => id),
      ['a'],
    );
    await fails(store.get('b'), 'not-found');
    assert.deepEqual((await readdir(place.paths.builds)).sort(), ['a', 'c']);
  });

  it('says which builds are like one that does not exist', async () => {
    await using place = await Place.make();
    const [store] = await place.with([], '20260911-101500-3f2a');
    const error = await fails(store.get('20260911-101500-3f2b'), 'not-found');
    assert.match(error.hint ?? '', /Did you mean 20260911-101500-3f2a/);
  });

  describe('opened after a crash', () => {
    it('forgets a build that nobody was told of, and its folder', async () => {
      await using place = await Place.make();
      const { builds } = place.paths;
      await mkdir(place.paths.build('empty').root, { recursive: true });
      const store = await place.open();
      assert.deepEqual(await readdir(builds), []);
      await fails(store.get('empty'), 'not-found');
    });

    it('has a build whose record was not written yet', async () => {
      await using place = await Place.make();
      const [, build] = await place.with(toBuilding);
      await rm(place.paths.build('one').record);
      assert.deepEqual(await (await place.open()).get('one'), build);
    });

    it('knows the end of a build although the record does not say it', async () => {
      await using place = await Place.make();
      await place.with([]);
      const { record } = place.paths.build('one');
      const accepted = await readFile(record, 'utf8');
      const store = await place.open();
      for (const happening of toSuccess) await store.apply('one', happening);
      const build = await store.get('one');
      await writeFile(record, accepted);
      assert.deepEqual(await (await place.open()).get('one'), build);
      assert.equal(JSON.parse(await readFile(record, 'utf8')).state, 'succeeded');
    });

    it('cuts half a line off, and removes what was being written', async () => {
      await using place = await Place.make();
      const [, build] = await place.with(toBuilding);
      const { root, events } = place.paths.build('one');
      await appendFile(events, '{"n":4,"at"');
      const temporary = '.build.json.123e4567-e89b-12d3-a456-426614174000';
      await writeFile(`${root}/${temporary}`, '{');
      const store = await place.open();
      assert.deepEqual(await store.get('one'), build);
      await store.apply('one', { type: 'cancel' });
      assert.equal((await (await place.open()).get('one')).cancelling, true);
      assert.deepEqual((await readdir(root)).sort(), ['build.json', 'events.jsonl']);
      assert.equal(place.log.text(), '');
    });
  });

  describe('opened after damage', () => {
    it('makes the record again from the journal, and reports', async () => {
      for (const damage of ['', '{"id": ', 'null', '{"id":"other"}', '\0'.repeat(100)]) {
        await using place = await Place.make();
        const [, build] = await place.with(toSuccess);
        const { record } = place.paths.build('one');
        await writeFile(record, damage);
        assert.deepEqual(await (await place.open()).get('one'), build);
        assert.equal(await readFile(`${record}.damaged`, 'utf8'), damage);
        assert.match(place.log.text(), /Damaged build record set aside/);
        assert.deepEqual(JSON.parse(await readFile(record, 'utf8')), build);
      }
    });

    it('makes the record of a finished build again when it is damaged later', async () => {
      await using place = await Place.make();
      const [store, build] = await place.with(toSuccess);
      await truncate(place.paths.build('one').record, 20);
      assert.deepEqual(await store.get('one'), build);
    });

    it('goes on with what can be read of the journal, and reports', async () => {
      await using place = await Place.make();
      await place.with(toBuilding);
      const { events } = place.paths.build('one');
      const lines = (await readFile(events, 'utf8')).split('\n');
      lines[2] = 'damage';
      await writeFile(events, lines.join('\n'));
      const store = await place.open();
      assert.equal((await store.get('one')).state, 'preparing');
      assert.match(await readFile(`${events}.damaged`, 'utf8'), /damage/);
      assert.match(place.log.text(), /Damaged build journal set aside/);
      await store.apply('one', { type: 'started', seq: 3 });
      assert.equal((await (await place.open()).get('one')).state, 'building');
    });

    it('begins a build anew whose journal is gone', async () => {
      await using place = await Place.make();
      await place.with(toBuilding);
      await rm(place.paths.build('one').events);
      const store = await place.open();
      assert.deepEqual(
        store.unfinished().map(({ id, state }) => [id, state]),
        [['one', 'queued']],
      );
    });

    it('gives up a build only when both are gone, and harms no other', async () => {
      await using place = await Place.make();
      const [store] = await place.with(toBuilding);
      await store.add(newBuild('two', request(), created(2)));
      const { record, events, root } = place.paths.build('one');
      for (const file of [record, events]) await writeFile(file, 'damage\n');
      const again = await place.open();
      assert.deepEqual(
        again.unfinished().map(({ id }) => id),
        ['two'],
      );
      assert.deepEqual((await readdir(root)).sort(), ['build.json.damaged', 'events.jsonl.damaged']);
    });
  });
});

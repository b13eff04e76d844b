import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { PipeFolder, until } from '../../fixtures/watcher.ts';

describe('pipe_out', () => {
  it('carries any text of a phase', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    const details = [
      'two words',
      `"quoted" and 'single'`,
      'new\nline\n',
      '\\',
      'ü 本 🎉',
      '\u0001\u007f',
      '',
    ];
    for (const [index, detail] of details.entries()) {
      await writeFile(pipe.file(`detail-${index}`), detail);
    }
    await pipe.runBuild(
      'say',
      `for n in {0..${details.length - 1}}; do IFS= read -r -d '' text <../../detail-$n || true; nexus-phase "phase $n" "$text"; done; nexus-phase bare`,
    );
    const phases = (await pipe.eventsOf('say')).filter((event) => event.type === 'phase');
    assert.deepEqual(
      phases.map((event) => [event.phase, event.detail]),
      [...details.map((detail, index) => [`phase ${index}`, detail || null]), ['bare', null]],
    );
  });

  it('has every event of 50 builds at once, in order, without gap or double', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    const ids = Array.from({ length: 50 }, (_, index) => `many-${index}`);
    for (const id of ids) {
      await pipe.send(id, 'for n in {1..20}; do nexus-phase count "$n"; done');
      await pipe.event('accepted', id);
    }
    await until('the end of all', async () => {
      const ended = (await pipe.events()).filter((event) => event.type === 'finished').length;
      return ended >= ids.length || undefined;
    });
    const lines = (await readFile(pipe.file('pipe_out'), 'utf8')).split('\n').slice(0, -1);
    assert.equal(lines.map((line) => JSON.parse(line)).length, 1 + 50 * 23);
    await pipe.assertSound();
    for (const id of ids) {
      const counted = (await pipe.eventsOf(id))
        .filter((event) => event.type === 'phase')
        .map((event) => Number(event.detail));
      assert.deepEqual(
        counted,
        Array.from({ length: 20 }, (_, index) => index + 1),
      );
    }
  }).timeout(60_000);

  it('heals a line that was torn by a crash', async () => {
    await using pipe = await PipeFolder.create();
    const first = await pipe.watch();
    await pipe.runBuild('before', 'true');
    await first.stop('SIGKILL');
    await pipe.append('{"v":1,"seq":5,"at":"2026-01-01T00:00:00Z","ty');
    await pipe.watch();
    await pipe.runBuild('after', 'true');
    const lines = (await readFile(pipe.file('pipe_out'), 'utf8')).split('\n');
    assert.equal(lines.filter((line) => line.endsWith('"ty')).length, 1);
    await pipe.assertSound();
  });

  it('heals after an event writer that was killed between the event and its counter', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    await pipe.runBuild('one', 'true');
    await writeFile(pipe.file('.seq'), '');
    await pipe.runBuild('two', 'true');
    await rm(pipe.file('.seq'));
    await pipe.runBuild('three', 'true');
    await pipe.assertSound();
  });

  it('loses no event to rubbish that strangers write into it', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    const rubbish = [
      'half a line',
      Buffer.from([0, 0, 0xff, 0x0a, 0]),
      '{"v":1,"seq":2,"type":"accepted"',
      'x'.repeat(1_000_000),
      '[]\n42\nnull\n"s"',
    ];
    for (const [index, text] of rubbish.entries()) {
      await pipe.append(text);
      await pipe.runBuild(`a-${index}`, 'nexus-phase on');
      await writeFile(pipe.file('.seq'), '');
      await pipe.append(text);
      await pipe.runBuild(`b-${index}`, 'nexus-phase on');
    }
    await pipe.assertSound();
    assert.equal((await pipe.events()).length, 1 + rubbish.length * 2 * 4);
  });

  for (const seq of ['1.5', '1e300', '9007199254740991', '-3', '"7"', '1e15']) {
    it(`counts on after a forged line with the number ${seq}`, async () => {
      await using pipe = await PipeFolder.create();
      const watcher = await pipe.watch();
      await pipe.append(`{"v":1,"seq":${seq},"at":"x","type":"rejected","id":null,"why":"forged"}\n`);
      await watcher.stop();
      await pipe.watch();
      await pipe.runBuild('after', 'true');
      const ours = (await pipe.events()).filter((event) => event.why !== 'forged');
      assert.deepEqual(
        ours.map((event) => event.seq),
        [1, 2, 3, 4, 5],
      );
    });
  }

  it('tells an end once although it stands behind what a stranger wrote', async () => {
    await using pipe = await PipeFolder.create();
    const watcher = await pipe.watch();
    const finished = await pipe.runBuild('told', 'exit 4');
    await pipe.marker('told');
    await watcher.stop();
    const text = await readFile(pipe.file('pipe_out'), 'utf8');
    const last = JSON.stringify(finished);
    await writeFile(
      pipe.file('pipe_out'),
      text.replace(last, `"type":"finished","id":"told" half a ü${last}`),
    );
    await rm(pipe.build('told', 'finished'));
    await pipe.watch();
    assert.deepEqual(JSON.parse(await pipe.marker('told')), finished);
    const ends = (await readFile(pipe.file('pipe_out'), 'utf8')).match(/"status":4/g);
    assert.equal(ends?.length, 1);
    // It counts on from the number that stood there.
    assert.equal((await pipe.events()).at(-1)?.seq, finished.seq + 1);
  });

  it('keeps only the end of a large pipe_out when it starts, and every number stays', async () => {
    await using pipe = await PipeFolder.create();
    const watcher = await pipe.watch();
    for (const id of ['oldest', 'first']) await pipe.runBuild(id, 'nexus-artifact script');
    const first = await readFile(pipe.file('pipe_out'), 'utf8');
    const last = await pipe.runBuild('last', 'true');
    await pipe.marker('last');
    await watcher.stop();
    const text = (await readFile(pipe.file('pipe_out'), 'utf8')).slice(first.length);
    const old = '{"v":1,"seq":1,"at":"x","type":"phase","id":"old","phase":"x"}\n';
    await writeFile(pipe.file('pipe_out'), first + old.repeat(140_000) + text);
    pipe.spawnWatcher();
    await until('the greeting', async () => (await pipe.events()).at(-1)?.type === 'hello' || undefined);
    const events = await pipe.events();
    assert.ok(events.length < 20_000, `${events.length} events`);
    const told = events.map(({ id, type }) => `${id} ${type}`);
    assert.deepEqual(told.slice(-4), ['last accepted', 'last started', 'last finished', 'undefined hello']);
    // What became of a build is kept longer than all else.
    assert.deepEqual(told.slice(0, 4), ['oldest finished', 'first artifact', 'first finished', 'old phase']);
    assert.equal((await pipe.runBuild('next', 'true')).seq, last.seq + 4);
  });

  it('keeps the whole of it while a build is not finished', async () => {
    await using pipe = await PipeFolder.create();
    const watcher = await pipe.watch();
    await pipe.send('on', 'nexus-phase on; until [[ -e go ]]; do sleep 0.05; done');
    await pipe.event('phase', 'on');
    await watcher.stop();
    const old = '{"v":1,"seq":1,"at":"x","type":"phase","id":"old","phase":"x"}\n';
    await pipe.append(old.repeat(140_000));
    await pipe.watch();
    assert.equal((await pipe.event('accepted', 'on')).seq, 2);
    await writeFile(pipe.build('on', 'go'), '');
    assert.equal((await pipe.event('finished', 'on')).result, 'success');
  });

  it('takes any event by nexus-event', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    await pipe.program('nexus-event', ['note', 'text=a "b"', 'number:=7', 'list:=[1, "2"]', 'no:=false']);
    const { text, number, list, no, id } = await pipe.event('note');
    assert.deepEqual(
      { text, number, list, no, id },
      { text: 'a "b"', number: 7, list: [1, '2'], no: false, id: undefined },
    );
    await assert.rejects(pipe.program('nexus-event', ['note', 'bad:={']), /not JSON/);
    await assert.rejects(pipe.program('nexus-event', ['No Type']), /usage/);
  });

  it('begins a new epoch when the folder is new, and only then', async () => {
    await using pipe = await PipeFolder.create();
    const first = await pipe.watch();
    const epoch = await readFile(pipe.file('epoch'), 'utf8');
    await first.stop();
    const second = await pipe.watch();
    assert.equal(await readFile(pipe.file('epoch'), 'utf8'), epoch);
    await second.stop();
    await rm(pipe.file('pipe_out'));
    await pipe.watch();
    assert.notEqual(await readFile(pipe.file('epoch'), 'utf8'), epoch);
    assert.deepEqual(
      (await pipe.events()).map((event) => event.seq),
      [1],
    );
  });
});

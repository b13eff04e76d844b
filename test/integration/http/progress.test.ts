import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { buildView } from '../../../src/http/schemas.ts';
import { shellQuote } from '../../../src/transport/shell-quote.ts';
import { skipUnless } from '../../fixtures/limits.ts';
import { recordedLog, untilLine } from '../../fixtures/nix-logs.ts';
import { builderMissing, TestOrchestrator } from '../../fixtures/orchestrator.ts';
import { until } from '../../fixtures/watcher.ts';

const smoke = fileURLToPath(new URL('../../../examples/smoke/default.nix', import.meta.url));

describe('The progress of a build, over the API', () => {
  let nexus: TestOrchestrator;

  before(async function () {
    skipUnless(this, await builderMissing());
    nexus = await TestOrchestrator.start();
  });
  after(async () => nexus?.[Symbol.asyncDispose]());

  const viewOf = async (id: string) =>
    buildView.parse(await (await nexus.fetch(`/api/v1/builds/${id}`)).json());

  it('is there while the build runs, in replies and in the stream, and gone afterwards', async () => {
    const log = recordedLog('image');
    const half = nexus.folder.file('half.log');
    const go = nexus.folder.file('go');
    await writeFile(half, untilLine(log, 'file2.o'));
    const wait = `until [ -e ${shellQuote([go])} ]; do sleep 0.05; done`;
    const { id } = await nexus.script(`nexus-phase building iso; cat ${shellQuote([half])}; ${wait}`);
    const stages = new Set<string | undefined>();
    const watching = (async () => {
      for await (const { build } of nexus.client.watch(id)) {
        if (build.progress?.derivations.running) stages.add(build.progress.stage);
      }
    })();
    const progress = await until('two derivations that run', async () => {
      const view = await viewOf(id);
      return view.progress?.derivations.running === 2 ? view.progress : undefined;
    });
    assert.deepEqual(progress.paths, { done: 2, total: 2 });
    assert.deepEqual(progress.derivations, { done: 0, total: 3, running: 2, failed: 0 });
    assert.deepEqual(
      progress.running.map(({ name }) => name),
      ['etc', 'kernel-6.12'],
    );
    await until('the stream', () => stages.size > 0 || undefined);
    await writeFile(go, '');
    assert.equal((await nexus.ended(id)).state, 'succeeded');
    await watching;
    assert.deepEqual([...stages], ['building']);
    assert.equal((await viewOf(id)).progress, undefined);
  });

  it('comes from real Nix, whose log is raw or text as one likes, from any byte on', async () => {
    const folder = nexus.folder.file('smoke');
    await mkdir(folder);
    // Never built before, so that Nix has something to do.
    const text = (await readFile(smoke, 'utf8')).replace('NEXUS-SMOKE-OK', `NEXUS-${randomUUID()}`);
    await writeFile(`${folder}/default.nix`, text);
    const source = await nexus.upload(folder);
    const { id, state, error } = await nexus.build({
      kind: 'nix',
      name: 'smoke',
      source,
      file: 'default.nix',
    });
    assert.equal(state, 'succeeded', error?.message);
    const log = async (query: string) =>
      (await nexus.fetch(`/api/v1/builds/${id}/log?${query}`)).arrayBuffer().then(Buffer.from);
    const [raw, said] = await Promise.all([log('format=raw'), log('format=text')]);
    assert.match(raw.toString(), /^@nix \{"action":"start".*"type":105/m);
    assert.match(said.toString(), /^building '\/nix\/store\/\S+-smoke\.img\.drv'/m);
    assert.doesNotMatch(said.toString(), /@nix/);
    for (const at of [1, 50, said.length - 1]) {
      assert.deepEqual(await log(`format=text&offset=${at}`), said.subarray(at));
      assert.deepEqual(await log(`format=raw&offset=${at}`), raw.subarray(at));
    }
    const learnt = await until('durations', () =>
      readFile(`${nexus.config.data}/durations.json`, 'utf8').catch(() => undefined),
    );
    assert.deepEqual(Object.keys(JSON.parse(learnt)), ['smoke.img']);
  });
});

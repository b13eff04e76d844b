import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { BuildStore } from '../src/builds/store.ts';
import { newBuild } from '../src/builds/transition.ts';
import { dataPaths } from '../src/paths.ts';
import { keptLog } from '../test/fixtures/kept-log.ts';
import { tempFolder } from '../test/fixtures/temp-folder.ts';

const id = '20260101-000000-0000';
const at = '2026-01-01T00:00:00.000Z';

/** Writes so many finished builds into a data folder: one is recorded by the store itself, the others are its copies. */
export async function writePastBuilds(data: string, count: number): Promise<void> {
  const { record, events } = await recorded();
  const paths = dataPaths(data);
  await mkdir(paths.builds, { recursive: true, mode: 0o700 });
  for (let index = 0; index < count; index += 1) {
    const time = new Date(Date.parse(at) + 60_000 * index).toISOString();
    const own = `${time.replaceAll(/[-:]|\..*/g, '').replace('T', '-')}-0000`;
    const build = paths.build(own);
    const copy = (text: string) => text.replaceAll(id, own).replaceAll(at, time);
    await mkdir(build.root);
    await writeFile(build.record, copy(record));
    await writeFile(build.events, copy(events));
    await writeFile(build.log, `the log of ${own}\n`);
  }
}

async function recorded(): Promise<{ record: string; events: string }> {
  await using folder = await tempFolder();
  const paths = dataPaths(folder.path);
  const store = await BuildStore.open(paths, keptLog().logger);
  await store.add(newBuild(id, { kind: 'script', name: 'past', script: 'make\n'.repeat(50) }, new Date(at)));
  const artifact = { name: 'past.img', bytes: 1024 ** 3, sha256: '0'.repeat(64), path: '' };
  await store.apply(id, { type: 'prepare', builder: 'this-machine', epoch: 'past' });
  await store.apply(id, { type: 'started', seq: 1 });
  await store.apply(id, { type: 'phase', phase: 'building', seq: 2 });
  await store.apply(id, { type: 'collect', artifacts: [artifact], retrieve: [] });
  await store.apply(id, { type: 'succeeded', artifacts: [artifact] });
  const build = paths.build(id);
  return { record: await readFile(build.record, 'utf8'), events: await readFile(build.events, 'utf8') };
}

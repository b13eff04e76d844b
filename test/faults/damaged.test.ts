import assert from 'node:assert/strict';
import { cp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Build } from '../../src/builds/build.ts';
import { packSource } from '../../src/cli/pack-source.ts';
import { NexusError } from '../../src/errors.ts';
import { skipUnless } from '../fixtures/limits.ts';
import { builderMissing } from '../fixtures/orchestrator.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { type Nexus, withNexus } from './nexus.ts';
import { countingScript } from './scripts.ts';
import { Random, soak } from './seed.ts';

type Damage = (path: string, random: Random) => Promise<void>;

const damages: Record<string, Damage> = {
  'is empty': (path) => truncate(path, 0),
  'ends early': async (path) => truncate(path, Math.floor((await stat(path)).size / 2)),
  'has other bytes': async (path, random) => {
    const bytes = await readFile(path);
    for (let count = 0; count < 8; count += 1)
      bytes[random.between(0, bytes.length - 1)] = random.between(0, 255);
    await writeFile(path, bytes);
  },
  'is all noise': async (path, random) => writeFile(path, random.bytes(500)),
  'is gone': (path) => rm(path),
};

describe('When a file of the data folder', () => {
  before(async function () {
    skipUnless(this, await builderMissing());
  });

  it('is damaged, only what stood in it is hurt', async () => {
    const random = new Random('damaged');
    await withNexus({}, async (nexus) => {
      const source = await uploadSource(nexus, 'right');
      await buildOf(nexus, source);
      await buildOf(nexus, source);
      const ended = await recordsOf(nexus);
      await nexus.stop();
      const whole = `${nexus.folder}/whole`;
      await cp(nexus.data, whole, { recursive: true });
      for (const file of await filesOf(whole)) {
        for (const what of someOf(Object.keys(damages), random)) {
          await damages[what]?.(join(nexus.data, file), random);
          try {
            await nexus.start();
            await checkHurt(nexus, { file, source, ended });
          } catch (cause) {
            throw new Error(`Not as it should be when ${file} ${what}`, { cause });
          }
          await nexus.stop();
          await rm(nexus.data, { recursive: true });
          await cp(whole, nexus.data, { recursive: true });
        }
      }
    });
  });
});

/** One for each file; all of them in a long run. */
function someOf(names: readonly string[], random: Random): string[] {
  const left = [...names];
  while (left.length > soak) left.splice(random.between(0, left.length - 1), 1);
  return left;
}

async function uploadSource(nexus: Nexus, content: string): Promise<string> {
  await using folder = await tempFolder();
  await writeFile(folder.file('content'), `${content}\n`);
  return nexus.client.uploadSource((await packSource({ folder: folder.path })).tar);
}

async function buildOf(nexus: Nexus, source: string): Promise<Build> {
  const script = `[ "$(cat source/content)" = right ] || exit 9\n${countingScript({ lines: 30, bytes: 1000 })}`;
  const { id } = await nexus.client.submit({ kind: 'script', name: 'damaged', script, source });
  return nexus.ended(id);
}

async function recordsOf(nexus: Nexus): Promise<Map<string, Build>> {
  return new Map((await nexus.client.list()).map((build) => [build.id, build]));
}

/** Everything that could matter; the pipe of this machine is the builder's, and can be given up as a whole. */
async function filesOf(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  return names
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((name) => !/^this-machine\/(builds\/|\.)/.test(name))
    .sort();
}

interface Hurt {
  file: string;
  source: string;
  ended: ReadonlyMap<string, Build>;
}

/** The other builds are there as they were, and a new one is built; not of another source than was uploaded. */
async function checkHurt(nexus: Nexus, { file, source, ended }: Hurt): Promise<void> {
  const now = await recordsOf(nexus);
  for (const [id, build] of ended) {
    const isHurt = file.startsWith(`builds/${id}/`);
    if (!isHurt || now.has(id)) assert.deepEqual({ ...now.get(id), file }, { ...build, file });
    if (!isHurt) assert.equal(await logOf(nexus, id), countedLog, `the log of ${id} after damage to ${file}`);
  }
  if (file.startsWith('sources/')) await checkHurtSource(nexus, source);
  const build = await buildOf(nexus, await uploadSource(nexus, 'right'));
  assert.equal(build.state, 'succeeded', `after damage to ${file}: ${JSON.stringify(build.error)}`);
}

/** What is built is what was uploaded, or nothing. */
async function checkHurtSource(nexus: Nexus, source: string): Promise<void> {
  try {
    const { state, error } = await buildOf(nexus, source);
    assert.ok(state === 'succeeded' || !/exit code 9/.test(`${error?.message}`), 'it built something else');
  } catch (error) {
    assert.ok(error instanceof NexusError, `not refused but broken: ${error}`);
  }
}

const countedLog = Array.from({ length: 30 }, (_, index) => `line ${index + 1} of 30\n`).join('');

async function logOf(nexus: Nexus, id: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of nexus.client.log(id, { follow: false })) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Build, buildSchema, isFinished } from '../../src/builds/build.ts';
import { processesWith, until } from '../fixtures/watcher.ts';
import { checkEvents } from './events.ts';
import type { Expected, Nexus } from './nexus.ts';

export interface InvariantOptions {
  /** The pipe holds what was written there to confuse. */
  strangePipe?: boolean;
  /** Records that a test has damaged: they may be missing. */
  damaged?: readonly string[];
  /** Others use the builder too, and go on. */
  others?: boolean;
  /** Ends what a test itself has running, when the orchestrator has stopped. */
  end?: () => Promise<unknown>;
}

/**
 * What is true whatever has happened: every accepted build ends exactly once in the right state; no artifact under
 * its final name differs from its sha256; no event and no line of a log is missing or doubled; no process, temporary
 * file or socket is left. Waits for every build, stops the orchestrator, and leaves it stopped.
 */
export async function checkInvariants(nexus: Nexus, options: InvariantOptions = {}): Promise<void> {
  const { damaged = [] } = options;
  const stored = await nexus.stored();
  for (const id of nexus.accepted.keys())
    assert.ok(stored.includes(id) || damaged.includes(id), `accepted build ${id} is lost`);
  const ends = new Map<string, Build>();
  for (const id of stored.filter((id) => !damaged.includes(id))) {
    const build = await nexus.ended(id);
    ends.set(id, build);
    await checkEvents(nexus, build);
  }
  for (const build of ends.values()) await checkBuild(nexus, build, nexus.accepted.get(build.id));
  assert.equal(await nexus.stop(), 0, `it does not stop cleanly:\n${nexus.said}`);
  for (const build of ends.values()) {
    const record = buildSchema.parse(JSON.parse(await readFile(nexus.paths.build(build.id).record, 'utf8')));
    assert.deepEqual(record, build, 'what was answered is what is on the disk');
  }
  await checkDelivered(nexus, ends);
  if (!options.strangePipe && !options.others) await checkPipe(nexus);
  await options.end?.();
  if (!options.others) await checkNothingLeft(nexus);
}

async function checkBuild(nexus: Nexus, build: Build, expected: Expected | undefined): Promise<void> {
  assert.ok(isFinished(build));
  const { id, state } = build;
  if (expected) {
    const states = expected.states.join(' or ');
    assert.ok(
      expected.states.includes(state),
      `${id} is ${state} and not ${states}: ${JSON.stringify(build.error)}`,
    );
  }
  const log = await readFile(nexus.paths.build(id).log, 'utf8').catch(() => '');
  checkCount(id, log, state === 'succeeded' ? expected?.lines : undefined);
}

/** The lines of a counting build are 1, 2, 3 …, from the beginning again where it was built again. */
function checkCount(id: string, log: string, all: number | undefined): void {
  let last = 0;
  for (const line of log.split('\n')) {
    if (/^\[.*built again/.test(line)) last = 0;
    const count = /^line (\d+) of \d+$/.exec(line)?.[1];
    if (count === undefined) continue;
    assert.equal(Number(count), last + 1, `the log of ${id} has a gap or a double after line ${last}`);
    last += 1;
  }
  if (all !== undefined) assert.equal(last, all, `the log of ${id} ends at line ${last}`);
}

/** Every file of a success is what the builder has described, and nothing else lies among the artifacts. */
async function checkDelivered(nexus: Nexus, ends: ReadonlyMap<string, Build>): Promise<void> {
  const folders = await readdir(nexus.artifacts).catch(() => []);
  const delivered = new Set<string>();
  for (const { id, state, request, artifacts } of ends.values()) {
    if (state !== 'succeeded' || artifacts.length === 0) continue;
    const folder = `${request.name}-${id}`;
    delivered.add(folder);
    for (const { name, sha256 } of artifacts) {
      assert.equal(
        await sha256Of(join(nexus.artifacts, folder, name)),
        sha256,
        `${name} of ${id} is damaged`,
      );
    }
    const sums = await readFile(join(nexus.artifacts, folder, 'SHA256SUMS'), 'utf8');
    assert.equal(sums, artifacts.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join(''));
  }
  assert.deepEqual(
    folders.sort(),
    [...delivered].sort(),
    'nothing but whole artifacts under their final names',
  );
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** The watcher's own promises: it counts without gaps, and ends each accepted script once. */
async function checkPipe(nexus: Nexus): Promise<void> {
  const text = await readFile(join(nexus.pipe, 'pipe_out'), 'utf8').catch(() => '');
  const events = text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
  );
  for (const id of new Set(events.filter(({ type }) => type === 'accepted').map(({ id }) => id))) {
    const ends = events.filter((event) => event.type === 'finished' && event.id === id);
    assert.equal(ends.length, 1, `the builder has ended ${id} ${ends.length} times`);
  }
}

async function checkNothingLeft(nexus: Nexus): Promise<void> {
  const processes = await until('the end of all processes', async () => {
    const left = await processesOf(nexus);
    return left.length === 0 ? left : undefined;
  }).catch(async () => processesOf(nexus));
  assert.deepEqual(processes, [], 'no process is left');
  const names = [nexus.data, nexus.pipe].map((folder) => readdir(folder, { recursive: true }));
  // What keeps the data folder out of repositories; what the watcher keeps; and what is left of a process that is
  // killed in the moment in which it shows itself.
  const own = /^\.gitignore$|(^|\/)(\.(watcher\.lock|seq|reserve|pipe_in\.rejected)|lock\/\.[0-9a-f]{12})$/;
  const strange = (await Promise.all(names))
    .flat()
    .filter(
      (name) => /(^|\/)\./.test(name) && !own.test(name) && !/(^|\/)builds\/[^/]+\/source\//.test(name),
    );
  assert.deepEqual(strange, [], 'no temporary file is left');
  const sockets = (await readdir(nexus.paths.lock)).filter((name) => !name.startsWith('.'));
  assert.deepEqual(sockets, [], 'no socket is left');
  await assert.rejects(access(nexus.paths.server), 'server.json is left');
}

/** What serves or runs builds of this pipe, with its command line. */
async function processesOf(nexus: Nexus): Promise<string[]> {
  const pids = await processesWith(`NEXUS_BOOTSTRAP=${nexus.pipe}`);
  return Promise.all(
    pids.map(
      async (pid) =>
        `${pid} ${(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ')}`,
    ),
  );
}

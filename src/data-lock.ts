import { randomBytes, randomInt } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { messageOf, NexusError, systemCodeOf } from './errors.ts';

/** What a process says of itself to whoever connects. */
const member = z.object({ pid: z.number(), host: z.string(), holds: z.boolean() });
type Member = z.infer<typeof member>;

/** How long a living process may take to say who it is. */
const answerMs = 2000;
const abandonedMs = 60_000;
/** Several that start at the same moment all step back, each for another time. */
const mostTries = 20;
const longestStepMs = 150;

/**
 * Makes this process the only orchestrator of a data folder until it disposes of the lock. `folder` has a socket of
 * everyone who wants it: a process shows that it lives by answering there, in whatever container it runs, and when it
 * is killed the kernel answers for it that nobody listens.
 *
 * INVARIANTS
 * - Whoever wants the lock listens first and looks around then, so of two that come together one sees the other.
 * - It has the lock who has looked around and seen no other that lives; who sees one steps back.
 *
 * @throws {NexusError} `data-in-use` naming the process that has it.
 */
export async function lockData(folder: string): Promise<AsyncDisposable> {
  await makeFolder(folder);
  for (let tries = 0; ; tries += 1) {
    const ours = await announce(folder);
    const others = await lookAround(folder, ours.name).catch(async (error) => {
      await ours[Symbol.asyncDispose]();
      throw error;
    });
    if (others.length === 0) {
      ours.hold();
      return ours;
    }
    await ours[Symbol.asyncDispose]();
    const holder = others.find(({ holds }) => holds);
    if (holder || tries >= mostTries) throw inUse(folder, holder ?? others[0]);
    await sleep(randomInt(longestStepMs));
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw error;
    // The lock of an earlier version was a file.
    await rm(folder, { force: true });
    await mkdir(folder, { mode: 0o700 });
  }
}

/** Whether some process has the lock, or is about to. */
export async function isLocked(folder: string): Promise<boolean> {
  return (await lookAround(folder)).length > 0;
}

interface Announced extends AsyncDisposable {
  name: string;
  hold(): void;
}

/** Listens under a name of our own, which appears when we do so: until then others would take us for dead. */
async function announce(folder: string): Promise<Announced> {
  const name = randomBytes(6).toString('hex');
  const path = join(folder, name);
  const self: Member = { pid: process.pid, host: hostname(), holds: false };
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(JSON.stringify(self));
  });
  const temporary = join(folder, `.${name}`);
  const close = async () => {
    // Out of sight first: a name without a process behind it is what a crash leaves.
    await rm(path, { force: true });
    await new Promise((resolve) => server.close(resolve));
  };
  await withShortPath(temporary, (short) => listen(server, short));
  server.unref();
  await rename(temporary, path);
  return {
    name,
    hold: () => {
      self.holds = true;
    },
    [Symbol.asyncDispose]: close,
  };
}

/** Everybody else that lives; the sockets of the dead are removed. Their names are never used again. */
async function lookAround(folder: string, ourName?: string): Promise<Member[]> {
  const others: Member[] = [];
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    if (name.startsWith('.')) await removeAbandoned(path);
    if (name === ourName || name.startsWith('.')) continue;
    const found = await withShortPath(path, ask);
    if (found) others.push(found);
    else await rm(path, { force: true });
  }
  return others;
}

/** One that is about to show itself does so within a moment, or was killed in it. */
async function removeAbandoned(temporary: string): Promise<void> {
  const made = await stat(temporary).catch(() => undefined);
  if (made && Date.now() - made.mtimeMs > abandonedMs) await rm(temporary, { force: true });
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Who listens there; nothing when nobody does. */
async function ask(path: string): Promise<Member | undefined> {
  const socket = connect(path);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    socket.destroy(new Error('it does not answer'));
  }, answerMs);
  try {
    return member.parse(JSON.parse(await text(socket)));
  } catch (error) {
    // One that is stopped or very busy may have the lock; one that is about to go is asked again.
    return isDead(error) ? undefined : { pid: 0, host: hostname(), holds: late };
  } finally {
    clearTimeout(timer);
  }
}

function isDead(error: unknown): boolean {
  return ['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'].includes(systemCodeOf(error) ?? '');
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new NexusError('config-invalid', `The data folder cannot be locked: ${messageOf(cause)}`, {
          hint: 'Its file system may know no sockets: choose another one with NEXUS_DATA.',
          cause,
        }),
      ),
    );
    server.listen(path, resolve);
  });
}

/** The shortest that some system gives the address of a socket (unix(7), unix(4)), and its last zero. */
const mostBytes = 103;

/** Calls `use` with a path that is short enough for a socket. */
async function withShortPath<T>(path: string, use: (path: string) => Promise<T>): Promise<T> {
  if (Buffer.byteLength(path) <= mostBytes) return use(path);
  const folder = await open(join(path, '..'), 'r');
  try {
    if (process.platform === 'linux')
      return await use(join(`/proc/self/fd/${folder.fd}`, path.slice(path.lastIndexOf('/'))));
    // The address is read within the call, so nobody else sees the other folder.
    const before = process.cwd();
    process.chdir(join(path, '..'));
    let used: Promise<T>;
    try {
      used = use(path.slice(path.lastIndexOf('/') + 1));
    } finally {
      process.chdir(before);
    }
    return await used;
  } finally {
    await folder.close();
  }
}

function inUse(folder: string, holder: Member | undefined): NexusError {
  const where = holder && holder.host !== hostname() ? ` on ${holder.host}` : '';
  return new NexusError(
    'data-in-use',
    `Another orchestrator (process ${holder?.pid || 'unknown'}${where}) has the data folder: ${join(folder, '..')}`,
    { hint: 'Use that one, stop it, or give this one its own folder with NEXUS_DATA.' },
  );
}

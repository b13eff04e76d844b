import { open, readFile, rm, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { NexusError, systemCodeOf } from './errors.ts';
import { writeFileAtomically } from './write-file-atomically.ts';

/**
 * Makes this process the only orchestrator of a data folder until it disposes of the lock.
 * @throws {NexusError} `data-in-use` naming the process that has it.
 */
export async function lockData(path: string): Promise<AsyncDisposable> {
  const ours = JSON.stringify({ pid: process.pid, started: await startOf(process.pid) });
  for (let attempt = 0; ; attempt += 1) {
    if (await create(path, ours)) break;
    const text = await readLock(path);
    const holder = parseHolder(text);
    if (attempt >= mostAttempts || (holder && (await lives(holder)))) {
      throw new NexusError(
        'data-in-use',
        `Another orchestrator (process ${holder?.pid ?? 'unknown'}) has the data folder: ${path}`,
        {
          hint: 'Use that one, stop it, or give this one its own folder with NEXUS_DATA.',
        },
      );
    }
    if (text !== undefined && (await replaceStale(path, text, ours))) break;
  }
  return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
}

/** Others may be quicker to take a stale lock; somebody soon wins. */
const mostAttempts = 10;
const claimMs = 10_000;

interface Holder {
  pid: number;
  /** Start time of the process, because a process id is soon somebody else's (in a container it is always 1). */
  started: string;
}

async function create(path: string, content: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600);
    await file.writeFile(content);
    await file.close();
    // Somebody may have taken it for a crash's, because we were so slow to write it.
    return (await readIfThere(path)) === content;
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** What is in the lock; nothing when it has gone meanwhile. */
async function readLock(path: string): Promise<string | undefined> {
  const text = await readIfThere(path);
  if (text !== '') return text;
  // Whoever made it is about to write it, or died in between.
  await sleep(200);
  return readIfThere(path);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parseHolder(text = ''): Holder | undefined {
  try {
    return JSON.parse(text);
  } catch {
    // Written in the middle of a crash: nobody holds it.
    return undefined;
  }
}

/**
 * Puts our lock in the place of a dead process's.
 * @returns false when another process is about to do the same, or has done so.
 */
async function replaceStale(path: string, stale: string, ours: string): Promise<boolean> {
  const claim = `${path}.claim`;
  if (!(await create(claim, ours))) {
    await removeAbandoned(claim);
    return false;
  }
  try {
    // Only who has the claim replaces a lock, so what is read here stays so.
    if ((await readIfThere(path)) !== stale) return false;
    await writeFileAtomically(path, ours);
    return true;
  } finally {
    await rm(claim, { force: true });
  }
}

/** A claim is held for a moment; one that is old was left by a crash in that moment. */
async function removeAbandoned(claim: string): Promise<void> {
  await sleep(50);
  const made = await stat(claim).catch(() => undefined);
  if (made && Date.now() - made.mtimeMs > claimMs) await rm(claim, { force: true });
}

async function lives({ pid, started }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // That of another user lives, too, and may be the one that is meant.
    if (systemCodeOf(error) !== 'EPERM') return false;
  }
  return (await startOf(pid)) === started;
}

/** Field 22 of /proc/PID/stat with the boot id; nothing when it has ended or where there is no /proc (proc(5)). */
async function startOf(pid: number): Promise<string> {
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ]);
    // The second field is the program's name in parentheses, and may itself have blanks.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // One that has ended stays listed until its parent asks for it, which init of a container may never do.
    return fields[0] === 'Z' ? '' : `${boot.trim()} ${fields[19]}`;
  } catch {
    return '';
  }
}

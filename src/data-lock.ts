import { open, readFile, rm } from 'node:fs/promises';
import { NexusError, systemCodeOf } from './errors.ts';

/**
 * Makes this process the only orchestrator of a data folder until it disposes of the lock.
 * @throws {NexusError} `data-in-use` naming the process that has it.
 */
export async function lockData(path: string): Promise<AsyncDisposable> {
  const me = { pid: process.pid, started: await startOf(process.pid) };
  for (let attempt = 0; ; attempt += 1) {
    if (await create(path, JSON.stringify(me))) break;
    const holder = await readHolder(path);
    if (attempt > 0 || (holder && (await lives(holder)))) {
      throw new NexusError(
        'data-in-use',
        `Another orchestrator (process ${holder?.pid}) has the data folder: ${path}`,
        {
          hint: 'Use that one, stop it, or give this one its own folder with NEXUS_DATA.',
        },
      );
    }
    await rm(path, { force: true });
  }
  return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
}

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
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    // Written in the middle of a crash: nobody holds it.
    return undefined;
  }
}

async function lives({ pid, started }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return systemCodeOf(error) === 'EPERM';
  }
  return (await startOf(pid)) === started;
}

/** Field 22 of /proc/PID/stat with the boot id, or nothing where there is no /proc (proc(5)). */
async function startOf(pid: number): Promise<string> {
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ]);
    // The second field is the program's name in parentheses, and may itself have blanks.
    return `${boot.trim()} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return '';
  }
}

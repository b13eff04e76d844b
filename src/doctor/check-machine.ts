import { access, constants, readFile, statfs } from 'node:fs/promises';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { Config } from '../config.ts';
import { messageOf, systemCodeOf } from '../errors.ts';
import { type Check, fail, pass, warn } from './finding.ts';

const oldestNode = [20, 19] as const;
const gibibyte = 2 ** 30;

/** What a builder ISO, its store and an image take. */
const wantedDisk = 15 * gibibyte;

/** For the guest's own system, before anything is built. */
const leastDisk = 3 * gibibyte;

export function checkNode(version = process.versions.node): Check {
  return {
    ...{ id: 'node', title: 'Node.js' },
    async look() {
      const [major = 0, minor = 0] = version.split('.').map(Number);
      const [oldMajor, oldMinor] = oldestNode;
      if (major > oldMajor || (major === oldMajor && minor >= oldMinor)) return pass(version);
      return fail(`${version} is too old`, `Install ${oldMajor}.${oldMinor} or newer: https://nodejs.org`);
    },
  };
}

export function checkMemory({ vm }: Config, total = totalmem(), free = availableMemory()): Check {
  return {
    ...{ id: 'memory', title: 'Memory' },
    async look() {
      const wanted = bytesOf(vm.memory);
      const available = await free;
      const what = `${gib(available)} of ${gib(total)} GiB free, ${availableParallelism()} cores; the VM takes ${vm.memory}`;
      if (total < wanted) {
        return fail(
          what,
          'Give the VM less with NEXUS_VM_MEMORY=2G, or build without a VM: --builder this-machine.',
        );
      }
      if (available < wanted) return warn(what, 'Close other programs, or set NEXUS_VM_MEMORY lower.');
      return pass(what);
    },
  };
}

/** What programs could have, the page cache included; macOS and Windows tell only what is unused. */
async function availableMemory(): Promise<number> {
  try {
    const found = /^MemAvailable:\s+(\d+) kB/m.exec(await readFile('/proc/meminfo', 'utf8'));
    return found ? Number(found[1]) * 1024 : freemem();
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return freemem();
    throw error;
  }
}

export function checkDisk(id: string, title: string, folder: string): Check {
  return {
    ...{ id, title },
    async look() {
      const { bavail, bsize } = await statfs(await nearestFolder(folder));
      const free = bavail * bsize;
      const what = `${gib(free)} GiB free at ${folder}`;
      if (free < leastDisk)
        return fail(what, 'Free some space, or move it elsewhere: NEXUS_DATA, NEXUS_ARTIFACTS.');
      return free < wantedDisk
        ? warn(what, `A VM and its images take about ${gib(wantedDisk)} GiB.`)
        : pass(what);
    },
  };
}

/** A folder that will be made lies on the disk of the one above it. */
async function nearestFolder(folder: string): Promise<string> {
  try {
    await statfs(folder);
    return folder;
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT' || dirname(folder) === folder) throw error;
    return nearestFolder(dirname(folder));
  }
}

export function checkWritable({ data, artifacts }: Config): Check {
  return {
    ...{ id: 'folders', title: 'Folders' },
    async look() {
      for (const folder of [data, artifacts]) {
        try {
          await access(await nearestFolder(folder), constants.W_OK | constants.X_OK);
        } catch (error) {
          return fail(
            `nothing can be written to ${folder}: ${messageOf(error)}`,
            'Name others with NEXUS_DATA and NEXUS_ARTIFACTS.',
          );
        }
      }
      return pass(`${data}, ${artifacts}`);
    },
  };
}

const units: Readonly<Record<string, number>> = { M: 2 ** 20, G: gibibyte, T: 2 ** 40 };

function bytesOf(size: string): number {
  return Number.parseInt(size, 10) * (units[size.slice(-1)] ?? 1);
}

const gib = (bytes: number) => (bytes / gibibyte).toFixed(bytes < 10 * gibibyte ? 1 : 0);

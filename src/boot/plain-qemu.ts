import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { CleanUp } from '../clean-up.ts';
import { environmentForPrograms } from '../config.ts';
import { messageOf, NexusError } from '../errors.ts';
import { anySignal } from '../transport/signals.ts';
import { type Architecture, programFor, qemuArguments, sockets, uefiHere } from './guest.ts';
import { kvmProbe } from './kvm-probe.ts';
import type { BootMachine, BootOrder, BootPlace } from './machine.ts';

const probeMs = 15_000;

const ownArchitecture: Architecture = process.arch === 'arm64' ? 'aarch64' : 'x86_64';

/** QEMU as a program of this machine. */
export const plainQemu: BootPlace = {
  async check({ architecture, firmware }) {
    const program = programFor(architecture);
    try {
      await promisify(execFile)(program, ['--version'], { timeout: 10_000, env: environmentForPrograms() });
    } catch (cause) {
      throw new NexusError('boot-unavailable', `${program} does not start here: ${messageOf(cause)}`, {
        hint: 'Install QEMU (Debian, Ubuntu: qemu-system-x86 and ovmf), or start Docker.',
        cause,
      });
    }
    if (firmware === 'uefi') await uefiHere(architecture);
  },
  start,
};

async function start(order: BootOrder, signal: AbortSignal): Promise<BootMachine> {
  await using cleanUp = new CleanUp();
  const uefi = order.firmware === 'uefi' ? await uefiHere(order.architecture) : undefined;
  // In the folder for temporaries, since the path of a socket may have 107 bytes only.
  const folder = await mkdtemp(join(tmpdir(), 'nexus-boot-'));
  cleanUp.defer(() => rm(folder, { recursive: true, force: true }));
  const kvm = await kvmWorks(order.architecture, folder);
  const [program = '', ...args] = [
    ...dyingWithUs,
    programFor(order.architecture),
    ...qemuArguments({ ...order, kvm }, folder, uefi),
  ];
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: environmentForPrograms(),
    // Ctrl-C in the terminal is ours to answer.
    detached: true,
  });
  const gone = new AbortController();
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000);
  });
  const ended = new Promise<void>((resolve) => {
    const end = (how: string) => {
      gone.abort(new NexusError('boot-ended', `QEMU ${how}${said && `: ${said.trim()}`}`));
      resolve();
    };
    child.once('error', (error) => end(`could not be started: ${error.message}`));
    child.once('close', (status, killed) => end(`ended with ${killed ?? `status ${status}`}`));
  });
  cleanUp.defer(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  await untilItListens(join(folder, sockets.vnc), anySignal(signal, gone.signal));
  const owned = cleanUp.move();
  return {
    folder,
    ended: gone.signal,
    connect: (name) => open(join(folder, sockets[name]), gone.signal),
    read: (name) => readFile(join(folder, name)),
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

/** Were we killed, nobody would end it; only Linux can do so for us. */
const dyingWithUs = process.platform === 'linux' ? ['setpriv', '--pdeathsig', 'KILL'] : [];

/** A present /dev/kvm proves nothing, a guest that ran does. */
async function kvmWorks(architecture: Architecture, folder: string): Promise<boolean> {
  if (architecture !== ownArchitecture) return false;
  const file = join(folder, 'probe.img');
  const probe = kvmProbe(architecture, 'kvm', file);
  await writeFile(file, probe.code);
  const { status } = await new Promise<{ status: number | null }>((resolve) => {
    const child = spawn(probe.program, probe.args, {
      stdio: 'ignore',
      env: environmentForPrograms(),
      timeout: probeMs,
    });
    child.once('error', () => resolve({ status: null })).once('close', (status) => resolve({ status }));
  });
  return status === probe.provenStatus;
}

/** QEMU makes its sockets before it opens its disks, so one that answers may still be about to end. */
async function untilItListens(path: string, signal: AbortSignal): Promise<void> {
  while (true) {
    signal.throwIfAborted();
    try {
      (await open(path, signal)).destroy();
      return;
    } catch {
      await sleep(20);
    }
  }
}

function open(path: string, ended: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    ended.throwIfAborted();
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.on('error', (error) => void whyOf(ended, error).then(reject));
  });
}

/** A QEMU that ends closes its sockets a moment before it is gone, and its own words say more. */
async function whyOf(ended: AbortSignal, error: Error): Promise<unknown> {
  if (!ended.aborted) await Promise.race([once(ended, 'abort'), sleep(1000)]);
  return ended.aborted ? ended.reason : error;
}

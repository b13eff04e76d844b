import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Architecture } from '../boot/guest.ts';
import { kvmProbe } from '../boot/kvm-probe.ts';
import type { Machine } from '../builders/docker-vm/architecture.ts';
import type { Engine } from '../builders/docker-vm/engine.ts';
import { type KvmVerdict, probeKvm } from '../builders/docker-vm/probe-kvm.ts';
import { environmentForPrograms } from '../config.ts';
import { messageOf, systemCodeOf } from '../errors.ts';
import { anySignal } from '../transport/signals.ts';
import { type Check, type Finding, pass, warn } from './finding.ts';

export interface KvmOptions {
  engine: Engine;
  /** The VM container, when an Engine answers. */
  machine: () => Promise<Machine | undefined>;
  device?: string;
  accelerator?: 'kvm' | 'tcg';
}

const slow = 'Builds work without, 10 to 20 times slower.';

/** Boots a guest of a few instructions: a device that is there proves nothing. */
export function checkKvm({ engine, machine, device = '/dev/kvm', accelerator = 'kvm' }: KvmOptions): Check {
  return {
    ...{ id: 'kvm', title: 'KVM' },
    async look(signal) {
      if (process.platform !== 'linux') return warn(`there is none on ${process.platform}`, slow);
      const hidden = await unusable(device);
      if (hidden) return hidden;
      const verdict =
        (await probeHere(ownArchitecture, accelerator, signal)) ?? (await probeInVm(engine, machine, signal));
      if (verdict === undefined) {
        return warn(
          `${device} is there, but nothing here can boot a guest to prove it`,
          'Install QEMU, or start the builder once; then ask again.',
        );
      }
      if (verdict.works) return pass('a guest has run under it');
      return warn(
        `${device} is there, but a guest does not run: ${verdict.why}`,
        `This machine is most likely a VM itself: its host has to allow nested virtualisation. ${slow}`,
      );
    },
  };
}

async function unusable(device: string): Promise<Finding | undefined> {
  try {
    await access(device, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    if (systemCodeOf(error) === 'EACCES') {
      return warn(
        `${device} is not open to this user`,
        `sudo usermod -aG kvm $USER, then log in again. ${slow}`,
      );
    }
    const advice = 'Enable virtualisation in the firmware, then modprobe kvm_intel or kvm_amd.';
    return warn(`there is no ${device}`, `${advice} ${slow}`);
  }
}

const ownArchitecture: Architecture = process.arch === 'arm64' ? 'aarch64' : 'x86_64';

/** With this machine's own QEMU, when it has one. */
async function probeHere(
  architecture: Architecture,
  accelerator: 'kvm' | 'tcg',
  signal: AbortSignal,
): Promise<KvmVerdict | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'nexus-kvm-'));
  try {
    const file = join(folder, 'probe.img');
    const { program, args, code, provenStatus } = kvmProbe(architecture, accelerator, file);
    await writeFile(file, code);
    const limit = anySignal(signal, AbortSignal.timeout(15_000));
    // A QEMU that KVM fails may leave a dump of its memory.
    const options = {
      cwd: folder,
      signal: limit,
      killSignal: 'SIGKILL',
      env: environmentForPrograms(),
    } as const;
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-500);
    });
    const [status] = await once(child, 'close');
    if (status === provenStatus) return { works: true };
    return { works: false, why: said.trim().split('\n').at(-1) || `QEMU ended with status ${status}` };
  } catch (error) {
    signal.throwIfAborted();
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    return {
      works: false,
      why:
        error instanceof Error && error.name === 'AbortError' ? 'a guest hangs under it' : messageOf(error),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** In the VM container, as the builder would be; its image is not pulled for that. */
async function probeInVm(
  engine: Engine,
  machine: KvmOptions['machine'],
  signal: AbortSignal,
): Promise<KvmVerdict | undefined> {
  const found = await machine().catch(() => undefined);
  if (!found || (await engine.imageId(found.image)) === undefined) return undefined;
  return probeKvm(engine, { machine: found, owner: 'doctor', signal });
}

const modules = ['kvm_intel', 'kvm_amd'];

/** Some image formats boot a VM while they are built, which inside the builder's VM needs KVM once more. */
export function checkNestedKvm(folder = '/sys/module'): Check {
  return {
    ...{ id: 'nested-kvm', title: 'Nested KVM' },
    async look() {
      for (const module of modules) {
        const value = await readFile(join(folder, module, 'parameters', 'nested'), 'utf8').catch(
          () => undefined,
        );
        if (value === undefined) continue;
        if (/^[Y1]/.test(value)) return pass(`${module} allows it`);
        const advice = `echo options ${module} nested=1 | sudo tee /etc/modprobe.d/kvm.conf, then reboot.`;
        return warn(
          `${module} does not allow it: formats that boot a VM while they are built are slow`,
          advice,
        );
      }
      return warn(
        'no KVM module tells of it',
        'Only formats that boot a VM while they are built need it: nexus variants.',
      );
    },
  };
}

import type { Architecture } from '../../boot/guest.ts';
import type { VmConfig } from '../../config.ts';
import { NexusError } from '../../errors.ts';

/** What the VM container is on the machine that the Engine runs on: its guest has the same architecture. */
export interface Machine {
  architecture: Architecture;
  /** Image of the VM container. */
  image: string;
}

/** `docker info` says what the kernel says; some Engines say what Go says. */
const architectures = new Map<string, Architecture>([
  ['x86_64', 'x86_64'],
  ['amd64', 'x86_64'],
  ['aarch64', 'aarch64'],
  ['arm64', 'aarch64'],
]);

/**
 * The two images have the same scripts and version numbers. `qemux/qemu` exists for arm64 as well, but emulates an
 * x86 machine there.
 */
const images: Record<Architecture, string> = {
  x86_64: 'qemux/qemu:7.48',
  aarch64: 'qemux/qemu-arm:7.48',
};

/**
 * The VM container for the architecture that the Engine names.
 * @throws {NexusError} `no-builder` for one that no VM image runs on.
 */
export function machineOf({ image }: Pick<VmConfig, 'image'>, engineName: string): Machine {
  const architecture = architectures.get(engineName);
  if (!architecture) {
    throw new NexusError('no-builder', `There is no builder VM for a Docker Engine on ${engineName}`, {
      hint: 'It runs on x86_64 and arm64. On another machine with Nix choose --builder this-machine.',
    });
  }
  return { architecture, image: image ?? images[architecture] };
}

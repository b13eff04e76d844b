import { join } from 'node:path';
import type { Firmware } from '../boot/firmware.ts';
import type { Architecture } from '../boot/guest.ts';
import { firmwareOf } from '../boot/image-facts.ts';
import { formatOf } from '../boot/image-format.ts';
import type { BootOrder } from '../boot/machine.ts';
import { messageOf, NexusError } from '../errors.ts';
import type { Build } from './build.ts';

export interface BootChoices {
  /** Which of the artifacts; the first that a machine boots unless it is given. */
  artifact?: string | undefined;
  /** As the image says, unless it is given. */
  firmware?: Firmware | undefined;
  /** MiB. */
  memory?: number | undefined;
}

/** A live system keeps what it writes in memory. */
const defaultMemory = 2048;

/**
 * How an artifact of a build is booted.
 * @param artifacts the folder with one folder a build.
 * @throws {NexusError} `boot-unavailable` when the build has nothing that a machine boots.
 */
export async function bootOrder(build: Build, artifacts: string, choices: BootChoices): Promise<BootOrder> {
  const names = build.artifacts.map(({ name }) => name);
  const name = choices.artifact ?? names.find((each) => formatOf(each) !== undefined);
  if (name === undefined || !names.includes(name)) {
    throw new NexusError('boot-unavailable', `Build ${build.id} has no image that a machine could boot`, {
      hint: `It has: ${names.join(', ') || 'nothing'}.`,
    });
  }
  const format = formatOf(name);
  if (!format) {
    throw new NexusError('boot-unavailable', `${name} is no image that a machine could boot`, {
      hint: 'ISO images and disks (img, raw, qcow2, vmdk, vdi, vhd, vhdx) are.',
    });
  }
  const image = join(artifacts, `${build.request.name}-${build.id}`, name);
  return {
    image,
    format,
    firmware: choices.firmware ?? (await look(image, format)),
    architecture: architectureOf(build),
    memory: choices.memory ?? defaultMemory,
    network: false,
    restarts: false,
    credentials: {},
  };
}

async function look(image: string, format: BootOrder['format']): Promise<Firmware> {
  try {
    return await firmwareOf(image, format);
  } catch (cause) {
    throw new NexusError('not-found', `The image ${image} cannot be read: ${messageOf(cause)}`, {
      hint: 'Build it again; what Nix still has is not built anew.',
      cause,
    });
  }
}

function architectureOf({ request }: Build): Architecture {
  const own = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const system = 'system' in request ? request.system : undefined;
  if (system === undefined) return own;
  return system.startsWith('aarch64') ? 'aarch64' : 'x86_64';
}

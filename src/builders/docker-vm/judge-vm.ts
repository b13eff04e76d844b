import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { VmConfig } from '../../config.ts';
import type { SshKeys } from '../../transport/ssh-keys.ts';
import type { Machine } from './architecture.ts';
import { vmContainer } from './vm-container.ts';

/** What a VM container was made from. It is written on the container, for the orchestrator that finds it there. */
const traits = z.object({
  image: z.string(),
  /** Which boot medium, by its content as far as that is cheaply told. */
  boot: z.string(),
  memory: z.string(),
  cores: z.number(),
  disk: z.string(),
  /** Fingerprint of both keys. */
  keys: z.string(),
  kvm: z.boolean(),
  tun: z.boolean(),
  /** Fingerprint of everything that the Engine was told of it. */
  form: z.string(),
});

export type VmTraits = z.infer<typeof traits>;

export interface VmMaking {
  vm: VmConfig;
  machine: Machine;
  owner: string;
  keys: SshKeys;
  /** Name of the content of the boot medium. */
  boot: string;
  bootUrl: string | undefined;
  kvm: boolean;
  tun: boolean;
}

export function traitsOf({ vm, machine, owner, keys, boot, bootUrl, kvm, tun }: VmMaking): VmTraits {
  const form = vmContainer(vm, { machine, owner, kvm, tun, bootUrl });
  return {
    image: machine.image,
    boot,
    memory: vm.memory,
    cores: vm.cores,
    disk: vm.disk,
    keys: fingerprint([keys.client.publicKey, keys.host.publicKey]),
    kvm,
    tun,
    form: fingerprint(form),
  };
}

const fingerprint = (value: unknown) =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);

/** A VM container that still runs. */
export interface FoundVm {
  /** What is written on it. */
  traits: string | undefined;
  /** Id of the image it was made from. */
  imageId: string;
}

export interface WantedVm extends Omit<VmMaking, 'kvm' | 'tun'> {
  /** Id of the image of that name, if it is here. */
  imageId: string | undefined;
}

export type Verdict = { fit: true } | { fit: false; why: string };

/** Whether a VM that still runs is the one that would be made now. */
export function judgeVm(found: FoundVm, wanted: WantedVm): Verdict {
  const was = readTraits(found.traits);
  if (!was) return unfit('it does not say what it was made from');
  // Nobody chooses them: they are what was possible on the day it was made.
  const now = traitsOf({ ...wanted, kvm: was.kvm, tun: was.tun });
  if (wanted.vm.kvm !== 'auto' && (wanted.vm.kvm === 'on') !== was.kvm) {
    return unfit(`NEXUS_VM_KVM is ${wanted.vm.kvm} now`);
  }
  for (const { trait, name } of named) {
    if (was[trait] !== now[trait]) return unfit(`${name} was ${was[trait]} and is ${now[trait]} now`);
  }
  if (wanted.imageId && wanted.imageId !== found.imageId) return unfit(`there is a newer ${now.image}`);
  if (was.keys !== now.keys) return unfit('it has other keys');
  if (was.form !== now.form) return unfit('its container would be made in another way now');
  return { fit: true };
}

const named = [
  { trait: 'image', name: 'its image' },
  { trait: 'boot', name: 'its boot medium' },
  { trait: 'memory', name: 'NEXUS_VM_MEMORY' },
  { trait: 'cores', name: 'NEXUS_VM_CORES' },
  { trait: 'disk', name: 'NEXUS_VM_DISK' },
] as const;

const unfit = (why: string): Verdict => ({ fit: false, why });

function readTraits(text: string | undefined): VmTraits | undefined {
  try {
    return traits.parse(JSON.parse(text ?? ''));
  } catch {
    return undefined;
  }
}

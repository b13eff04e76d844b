import { NexusError } from '../errors.ts';
import { nearest } from './nearest.ts';

/** What is worth knowing of an image format before it is built. */
export interface VariantInfo {
  /** For people: what comes out, and for what. */
  makes: string;
  /** How the name of the artifact ends. */
  extension: string;
  /** nixpkgs boots a VM to build it: slow without KVM, and impossible for another architecture by emulation. */
  bootsVm: boolean;
  /**
   * Where `--disk-size` goes: an option of the variant; `fixed` when nixpkgs decides the size itself;
   * `none` when there is no disk.
   */
  disk: 'sized' | 'fixed' | 'none';
  /** Systems it exists for; all when left out. */
  systems?: readonly string[];
}

const x86: readonly string[] = ['x86_64-linux'];

/**
 * The attributes of `config.system.build.images` (nixos/modules/image/images.nix), and `vm`, which nixpkgs has
 * beside them.
 */
export const variants = {
  iso: { makes: 'ISO that boots from CD or USB stick', extension: 'iso', bootsVm: false, disk: 'none' },
  'iso-installer': { makes: 'ISO with NixOS’ installer', extension: 'iso', bootsVm: false, disk: 'none' },
  qemu: { makes: 'QEMU disk, BIOS', extension: 'qcow2', bootsVm: true, disk: 'sized', systems: x86 },
  'qemu-efi': { makes: 'QEMU disk, UEFI', extension: 'qcow2', bootsVm: true, disk: 'sized' },
  raw: { makes: 'raw disk, BIOS', extension: 'img', bootsVm: true, disk: 'sized', systems: x86 },
  'raw-efi': { makes: 'raw disk, UEFI', extension: 'img', bootsVm: true, disk: 'sized' },
  vm: {
    makes: 'QEMU disk of the configuration’s own VM (-A vm)',
    extension: 'qcow2',
    bootsVm: true,
    disk: 'fixed',
  },
  amazon: { makes: 'Amazon EC2 (AMI)', extension: 'vhd', bootsVm: true, disk: 'sized' },
  azure: { makes: 'Microsoft Azure', extension: 'vhd', bootsVm: true, disk: 'sized' },
  cloudstack: { makes: 'Apache CloudStack', extension: 'qcow2', bootsVm: true, disk: 'sized', systems: x86 },
  'digital-ocean': { makes: 'DigitalOcean', extension: 'qcow2.gz', bootsVm: true, disk: 'sized' },
  'google-compute': { makes: 'Google Compute Engine', extension: 'raw.tar.gz', bootsVm: true, disk: 'sized' },
  hyperv: { makes: 'Microsoft Hyper-V', extension: 'vhdx', bootsVm: true, disk: 'sized' },
  kexec: { makes: 'kernel and initrd to kexec into', extension: 'tar.xz', bootsVm: false, disk: 'none' },
  kubevirt: { makes: 'KubeVirt', extension: 'qcow2', bootsVm: true, disk: 'fixed', systems: x86 },
  linode: { makes: 'Linode', extension: 'img.gz', bootsVm: true, disk: 'sized', systems: x86 },
  lxc: { makes: 'LXC container', extension: 'tar.xz', bootsVm: false, disk: 'none' },
  'lxc-metadata': {
    makes: 'metadata for an LXC container',
    extension: 'tar.xz',
    bootsVm: false,
    disk: 'none',
  },
  oci: { makes: 'Oracle Cloud', extension: 'qcow2', bootsVm: true, disk: 'sized' },
  openstack: { makes: 'OpenStack', extension: 'qcow2', bootsVm: true, disk: 'fixed', systems: x86 },
  'openstack-zfs': {
    makes: 'OpenStack, on ZFS',
    extension: 'qcow2',
    bootsVm: true,
    disk: 'sized',
    systems: x86,
  },
  proxmox: { makes: 'Proxmox VE backup', extension: 'vma.zst', bootsVm: true, disk: 'sized' },
  'proxmox-lxc': { makes: 'LXC container for Proxmox VE', extension: 'tar.xz', bootsVm: false, disk: 'none' },
  'sd-card': {
    makes: 'SD card',
    extension: 'img.zst',
    bootsVm: false,
    disk: 'none',
    systems: [...x86, 'aarch64-linux'],
  },
  'vagrant-virtualbox': {
    makes: 'Vagrant box',
    extension: 'box',
    bootsVm: true,
    disk: 'sized',
    systems: x86,
  },
  virtualbox: { makes: 'VirtualBox appliance', extension: 'ova', bootsVm: true, disk: 'sized', systems: x86 },
  vmware: { makes: 'VMware disk', extension: 'vmdk', bootsVm: true, disk: 'sized' },
} as const satisfies Record<string, VariantInfo>;

export type Variant = keyof typeof variants;
export const variantNames = Object.keys(variants) as Variant[];

/** nixos-generators' names, for those who come from there. */
export const aliases: Readonly<Record<string, Variant>> = {
  'install-iso': 'iso-installer',
  qcow: 'qemu',
  'qcow-efi': 'qemu-efi',
  do: 'digital-ocean',
  gce: 'google-compute',
  'sd-x86_64': 'sd-card',
  'sd-aarch64': 'sd-card',
  'vm-nogui': 'vm',
  'vm-bootloader': 'vm',
};

/** Formats of nixos-generators that nixpkgs does not have, and what to do instead. */
const gone: Readonly<Record<string, string>> = {
  docker: 'nixpkgs has no such image; build one with dockerTools and --attr.',
  'install-iso-hyperv': 'Use iso-installer with virtualisation.hypervGuest.enable = true.',
  'kexec-bundle': 'Use kexec.',
  'sd-aarch64-installer':
    'Use sd-card with --system aarch64-linux and profiles/installation-device.nix imported.',
};

export function variantInfo(variant: Variant): VariantInfo {
  return variants[variant];
}

/**
 * The variant of this name, or that an old name stands for.
 * @throws {NexusError} `unknown-variant` with the nearest right ones.
 */
export function resolveVariant(name: string): Variant {
  const known = variantNames.find((variant) => variant === name) ?? own(aliases, name);
  if (known) return known;
  const near = nearest(name, [...variantNames, ...Object.keys(aliases)]);
  throw new NexusError('unknown-variant', `There is no variant “${name}”`, {
    hint:
      own(gone, name) ??
      (near.length > 0 ? `Did you mean ${near.join(' or ')}?` : '`nexus variants` lists them.'),
  });
}

/** Every object has a `constructor` and the like, which are no names of ours. */
function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

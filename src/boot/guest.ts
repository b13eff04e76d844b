import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { NexusError } from '../errors.ts';
import type { Firmware } from './firmware.ts';
import type { ImageFormat } from './image-format.ts';

export type Architecture = 'x86_64' | 'aarch64';

/** A machine that shall boot an image. */
export interface Guest {
  /** The image where QEMU sees it. */
  image: string;
  format: ImageFormat;
  firmware: Firmware;
  architecture: Architecture;
  /** MiB. */
  memory: number;
  kvm: boolean;
  /** Gives the guest the network of the machine; without it the guest reaches nothing. */
  network: boolean;
  /** Whether a guest that restarts does so; else that is its end, which tells a check that it gave up. */
  restarts: boolean;
  /** systemd credentials for the guest, by name. */
  credentials: Record<string, string>;
}

/** What QEMU makes in its folder. */
export const sockets = { qmp: 'qmp', serial: 'serial', vnc: 'vnc' } as const;
export type Socket = keyof typeof sockets;
/** Everything the guest has printed on its serial line. */
export const serialLog = 'serial.log';

const programs: Record<Architecture, string> = {
  x86_64: 'qemu-system-x86_64',
  aarch64: 'qemu-system-aarch64',
};

export const programFor = (architecture: Architecture) => programs[architecture];

/** Where distributions and the VM image keep the firmware. */
const uefiFiles: Record<Architecture, readonly (readonly [code: string, variables: string])[]> = {
  x86_64: [
    ['/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_VARS_4M.fd'],
    ['/usr/share/OVMF/OVMF_CODE.fd', '/usr/share/OVMF/OVMF_VARS.fd'],
    ['/usr/share/edk2/ovmf/OVMF_CODE.fd', '/usr/share/edk2/ovmf/OVMF_VARS.fd'],
    ['/usr/share/edk2/x64/OVMF_CODE.4m.fd', '/usr/share/edk2/x64/OVMF_VARS.4m.fd'],
  ],
  aarch64: [
    ['/usr/share/AAVMF/AAVMF_CODE.fd', '/usr/share/AAVMF/AAVMF_VARS.fd'],
    ['/usr/share/edk2/aarch64/QEMU_EFI-pflash.raw', '/usr/share/edk2/aarch64/vars-template-pflash.raw'],
  ],
};

/** The firmware that the VM image has. */
export const uefiOfVmImage = (architecture: Architecture) =>
  uefiFiles[architecture][0] as readonly [string, string];

/**
 * The UEFI firmware of this machine.
 * @throws {NexusError} `boot-unavailable`.
 */
export async function uefiHere(architecture: Architecture): Promise<readonly [string, string]> {
  for (const files of uefiFiles[architecture]) {
    if (await readable(files[0])) return files;
  }
  throw new NexusError('boot-unavailable', 'This machine has no UEFI firmware for virtual machines', {
    hint: 'Install it (Debian, Ubuntu: ovmf; arm64: qemu-efi-aarch64), or boot with the firmware bios.',
  });
}

const readable = (path: string) =>
  access(path, constants.R_OK).then(
    () => true,
    () => false,
  );

/**
 * The arguments of QEMU. Nothing of the image changes: what the guest writes is forgotten with it.
 * @param folder where QEMU makes its sockets and files.
 */
export function qemuArguments(
  guest: Guest,
  folder: string,
  uefi: readonly [string, string] | undefined,
): string[] {
  const socket = (name: Socket) => `${escapeCommas(folder)}/${sockets[name]}`;
  return [
    // Stopped, so that whoever wants to hear its first word can be there before.
    ...['-S', '-nodefaults', '-no-user-config', '-snapshot', '-display', 'none'],
    ...(guest.restarts ? [] : ['-no-reboot']),
    ...machine(guest),
    ...['-smp', '2', '-m', String(guest.memory)],
    ...(uefi ? pflash(uefi) : []),
    ...medium(guest),
    ...['-device', 'virtio-rng-pci'],
    // A mouse that is where the pointer of whoever looks on is; with one that only moves, the two drift apart.
    ...['-device', 'qemu-xhci', '-device', 'usb-tablet'],
    // x86 has a keyboard already.
    ...(guest.architecture === 'aarch64' ? ['-device', 'usb-kbd'] : []),
    ...(guest.network ? ['-nic', 'user,model=virtio-net-pci'] : ['-nic', 'none']),
    ...[
      '-chardev',
      `socket,id=serial,path=${socket('serial')},server=on,wait=off,logfile=${escapeCommas(folder)}/${serialLog}`,
    ],
    ...['-serial', 'chardev:serial'],
    ...['-qmp', `unix:${socket('qmp')},server=on,wait=off`],
    ...['-vnc', `unix:${socket('vnc')}`],
    ...Object.entries(guest.credentials).flatMap(([name, text]) => credential(name, text)),
  ];
}

function machine({ architecture, kvm }: Guest): string[] {
  const accelerator = ['-accel', kvm ? 'kvm' : 'tcg,thread=multi'];
  if (architecture === 'aarch64') {
    const devices = ['-device', 'virtio-gpu-pci'];
    return ['-machine', 'virt', ...accelerator, '-cpu', kvm ? 'host' : 'max', ...devices];
  }
  // QEMU 7.2's emulation of cmpxchg16b makes some kernels panic.
  return ['-machine', 'q35', ...accelerator, '-cpu', kvm ? 'host' : 'max,-cx16', '-vga', 'std'];
}

const pflash = ([code, variables]: readonly [string, string]) => [
  ...['-drive', `if=pflash,unit=0,format=raw,readonly=on,file=${escapeCommas(code)}`],
  ...['-drive', `if=pflash,unit=1,format=raw,file=${escapeCommas(variables)}`],
];

/** SATA, because every initial ramdisk of NixOS knows it; virtio is only in images made for QEMU. */
function medium({ image, format, architecture }: Guest): string[] {
  const drive = [
    '-drive',
    `if=none,id=medium,format=${format === 'iso' ? 'raw' : format},file=${escapeCommas(image)}`,
  ];
  const controller = architecture === 'aarch64' ? ['-device', 'ich9-ahci,id=ide'] : [];
  const device = format === 'iso' ? 'ide-cd' : 'ide-hd';
  return [...drive, ...controller, '-device', `${device},drive=medium,bus=ide.0,bootindex=0`];
}

/** See “Credentials” in systemd(1): SMBIOS strings of type 11, which, unlike fw_cfg, have no limit on names. */
function credential(name: string, text: string): string[] {
  const value = Buffer.from(text).toString('base64');
  return ['-smbios', `type=11,value=io.systemd.credential.binary:${name}=${value}`];
}

const escapeCommas = (text: string) => text.replaceAll(',', ',,');

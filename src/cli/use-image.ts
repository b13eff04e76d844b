import type { BuildRequest } from '../builds/request.ts';

/** Plain enough to be pasted into any shell. */
const plainPath = /^[A-Za-z0-9_./+@:%,=-]+$/;

const diskFormats: Readonly<Record<string, string>> = {
  ...{ img: 'raw', raw: 'raw', qcow2: 'qcow2', vmdk: 'vmdk', vdi: 'vdi', vhdx: 'vhdx', vhd: 'vpc' },
};

/** What can be done with an image: commands to write it to a USB stick and to boot it; none for other files. */
export function howToUse(path: string, request: BuildRequest): string[] {
  const extension = /\.([a-z0-9]+)$/.exec(path)?.[1] ?? '';
  const file = plainPath.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
  const format = diskFormats[extension];
  const qemu = qemuOf(request);
  if (extension === 'iso') return [writeTo(file), boot(`${qemu} -cdrom ${file}`)];
  if (format === undefined) return [];
  const run = boot(`${qemu} -drive file=${file},format=${format}`);
  return format === 'raw' ? [writeTo(file), run] : [run];
}

/** The stick is left to be named: a wrong one would be lost. */
const writeTo = (file: string) =>
  `To a USB stick (lsblk shows which):  sudo dd if=${file} of=/dev/sdX bs=4M conv=fsync status=progress`;

const boot = (command: string) => `To boot it here:  ${command}`;

function qemuOf(request: BuildRequest): string {
  const variants = 'variants' in request ? request.variants : [];
  const firmware = variants.some((variant) => variant.endsWith('-efi'))
    ? ' -bios /usr/share/ovmf/OVMF.fd'
    : '';
  const system = 'system' in request ? request.system : undefined;
  if (system?.startsWith('aarch64')) return 'qemu-system-aarch64 -machine virt -cpu max -m 2G';
  return `qemu-system-x86_64 -machine accel=kvm:tcg -m 2G${firmware}`;
}

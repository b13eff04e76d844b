export type ImageFormat = 'iso' | 'raw' | 'qcow2' | 'vmdk' | 'vdi' | 'vhdx' | 'vpc';

const formats: Record<string, ImageFormat> = {
  '.iso': 'iso',
  '.img': 'raw',
  '.raw': 'raw',
  '.qcow2': 'qcow2',
  '.vmdk': 'vmdk',
  '.vdi': 'vdi',
  '.vhdx': 'vhdx',
  '.vhd': 'vpc',
};

/** The format that a file name tells, or undefined for what no machine boots. */
export function formatOf(name: string): ImageFormat | undefined {
  const ending = /\.[^.]+$/.exec(name)?.[0].toLowerCase() ?? '';
  return formats[ending];
}

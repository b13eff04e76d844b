import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { isUrl } from '../../config.ts';
import { messageOf, NexusError } from '../../errors.ts';

/** What the VM boots: a file that is put into the container, or a URL that the container downloads itself. */
export type BootMedium = { file: string; name: string } | { url: string };

/** Finds the boot medium, making it first where it has to be made. */
export type ProvideBootMedium = (signal: AbortSignal, say: (detail: string) => void) => Promise<BootMedium>;

/** Tells whether two boot media are the same, as far as that can be told without reading them. */
export async function contentOf(boot: BootMedium): Promise<string> {
  if ('url' in boot) return boot.url;
  const { size, mtimeMs } = await stat(boot.file);
  return `${boot.name} of ${size} bytes, ${new Date(mtimeMs).toISOString()}`;
}

/** The names by which the container knows its boot medium, by the extension of ours. */
const bootNames: Record<string, string> = {
  '.iso': 'boot.iso',
  '.qcow2': 'boot.qcow2',
  '.img': 'boot.img',
  '.raw': 'boot.raw',
};

/** The file or URL that NEXUS_VM_BOOT names. */
export function namedBootMedium(boot: string): ProvideBootMedium {
  return async () => {
    if (isUrl(boot)) return { url: boot };
    return bootFile(boot);
  };
}

/** @throws {NexusError} `boot-medium-missing`. */
export async function bootFile(file: string): Promise<BootMedium> {
  const name = bootNames[extname(file)];
  const kinds = Object.keys(bootNames).join(', ');
  if (!name) {
    throw new NexusError(
      'boot-medium-missing',
      `${file} is nothing a VM can boot: its name ends in none of ${kinds}`,
      {
        hint: 'Set NEXUS_VM_BOOT to such a file, or leave it empty to have the builder ISO made.',
      },
    );
  }
  try {
    if ((await stat(file)).isFile()) return { file, name };
  } catch (error) {
    throw new NexusError(
      'boot-medium-missing',
      `The boot medium ${file} cannot be read: ${messageOf(error)}`,
      {
        hint: 'Set NEXUS_VM_BOOT to an existing file, or leave it empty to have the builder ISO made.',
        cause: error,
      },
    );
  }
  throw new NexusError('boot-medium-missing', `The boot medium ${file} is not a regular file`);
}

import { access, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { checkVariant } from '../builds/variants.ts';
import { messageOf, NexusError } from '../errors.ts';

export interface SourceOptions {
  variant?: string | undefined;
  attribute?: string | undefined;
}

export interface ResolvedSource {
  /** Folder that is packed. */
  folder: string;
  /** The only file of it that is packed; all when there is none. */
  only: string | undefined;
  /** A name for the build, made of the path. */
  name: string;
  what: { kind: 'image'; configuration: string; variant: string } | { kind: 'nix'; file: string };
}

/**
 * What a path given to `nexus build` means: a configuration.nix, or a folder with one, becomes an image;
 * any other Nix file, or a folder with a default.nix, is built as it is. `--variant` and `--attr` decide for both.
 * @throws {NexusError} `source-missing`, `source-without-configuration`, `unknown-variant`, `usage`.
 */
export async function resolveSource(
  path: string,
  { variant, attribute }: SourceOptions,
): Promise<ResolvedSource> {
  if (variant !== undefined) checkVariant(variant);
  if (variant !== undefined && attribute !== undefined) {
    throw new NexusError('usage', '--variant and --attr exclude each other', {
      hint: '--variant makes an image of a configuration.nix, --attr builds an attribute of a Nix file.',
    });
  }
  const full = resolve(path);
  const isFolder = await isDirectory(full, path);
  const folder = isFolder ? full : dirname(full);
  const file = isFolder ? await mainFile(full, path, { variant, attribute }) : basename(full);
  const isImage = variant !== undefined || (attribute === undefined && file === 'configuration.nix');
  return {
    folder,
    only: isFolder ? undefined : file,
    name: safeName(
      isFolder || file === 'configuration.nix' || file === 'default.nix'
        ? basename(folder)
        : basename(file, extname(file)),
    ),
    what: isImage ? { kind: 'image', configuration: file, variant: variant ?? 'iso' } : { kind: 'nix', file },
  };
}

async function isDirectory(full: string, path: string): Promise<boolean> {
  try {
    return (await stat(full)).isDirectory();
  } catch (error) {
    throw new NexusError('source-missing', `${path} cannot be read: ${messageOf(error)}`, {
      hint: 'Give a configuration.nix, a Nix file, or a folder with one.',
      cause: error,
    });
  }
}

async function mainFile(
  folder: string,
  path: string,
  { variant, attribute }: SourceOptions,
): Promise<string> {
  const names = ['configuration.nix', 'default.nix'];
  const wanted = variant !== undefined ? names.slice(0, 1) : attribute !== undefined ? names.slice(1) : names;
  for (const name of wanted) {
    if (await exists(join(folder, name))) return name;
  }
  throw new NexusError('source-without-configuration', `${path} has no ${wanted.join(' and no ')}`, {
    hint: 'Give the file itself when it has another name.',
  });
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** Names become part of folder names: see `buildName` in the request. */
function safeName(name: string): string {
  return (
    name
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, 63) || 'build'
  );
}

import { access, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { messageOf, NexusError } from '../errors.ts';

export interface SourceOptions {
  /** Image formats were asked for. */
  wantsImage: boolean;
  attribute?: string | undefined;
}

export type What =
  | { kind: 'image'; configuration: string }
  | { kind: 'flake-image'; flake?: string; host?: string }
  | { kind: 'nix'; file: string }
  | { kind: 'flake'; flake?: string; attribute: string };

export interface ResolvedSource {
  /** Folder that is packed; nothing is when the builder fetches the flake itself. */
  folder: string | undefined;
  /** The only file of it that is packed; all when there is none. */
  only: string | undefined;
  /** A name for the build, made of the path. */
  name: string;
  what: What;
}

/**
 * What a path given to `nexus build` means: a flake reference (with `#`, or a scheme) is a flake, as is a folder
 * with a flake.nix; a configuration.nix, or a folder with one, becomes an image; any other Nix file, or a folder
 * with a default.nix, is built as it is. `--variant` and `--attr` decide where both would do.
 * @throws {NexusError} `source-missing`, `source-without-configuration`, `usage`.
 */
export async function resolveSource(path: string, options: SourceOptions): Promise<ResolvedSource> {
  if (options.wantsImage && options.attribute !== undefined) {
    throw new NexusError('usage', '--variant and --attr exclude each other', {
      hint: '--variant makes an image of a configuration, --attr builds an attribute of a Nix file.',
    });
  }
  const { location, fragment } = splitReference(path);
  if (isRemote(location)) return remoteFlake(location, fragment, options);
  const full = resolve(location);
  const isFolder = await isDirectory(full, location);
  if (isFolder && (fragment !== undefined || (await isFlake(full, options)))) {
    return { folder: full, only: undefined, name: nameOf(full), what: flakeWhat({}, fragment, options) };
  }
  if (fragment !== undefined)
    throw new NexusError('usage', `${location} is no folder, so it has no flake attribute #${fragment}`);
  return nixFile(full, isFolder, location, options);
}

function splitReference(path: string): { location: string; fragment: string | undefined } {
  const hash = path.indexOf('#');
  if (hash === -1) return { location: path, fragment: undefined };
  return { location: path.slice(0, hash) || '.', fragment: path.slice(hash + 1) };
}

/** `github:…`, `git+https://…`, `https://…`; `path:` and `.` are folders of this machine. */
function isRemote(location: string): boolean {
  return /^[a-z][a-z0-9+]*:/.test(location) && !location.startsWith('path:');
}

function remoteFlake(flake: string, fragment: string | undefined, options: SourceOptions): ResolvedSource {
  const name = safeName(flake.replace(/^[a-z0-9+]+:/, '').split(/[?#]/)[0] ?? flake);
  return { folder: undefined, only: undefined, name, what: flakeWhat({ flake }, fragment, options) };
}

/** `#nixosConfigurations.NAME`, and with `--variant` also `#NAME`, names a host; everything else an attribute. */
function flakeWhat(flake: { flake?: string }, fragment: string | undefined, options: SourceOptions): What {
  const attribute = options.attribute ?? fragment;
  const host = /^nixosConfigurations\."?([^".]+)"?$/.exec(attribute ?? '')?.[1];
  if (host !== undefined) return { kind: 'flake-image', ...flake, host };
  if (attribute !== undefined && !options.wantsImage) return { kind: 'flake', ...flake, attribute };
  return { kind: 'flake-image', ...flake, ...(attribute !== undefined && { host: attribute }) };
}

async function isFlake(folder: string, { attribute }: SourceOptions): Promise<boolean> {
  if (!(await exists(join(folder, 'flake.nix')))) return false;
  return attribute === undefined || !(await exists(join(folder, 'default.nix')));
}

async function nixFile(
  full: string,
  isFolder: boolean,
  path: string,
  options: SourceOptions,
): Promise<ResolvedSource> {
  const folder = isFolder ? full : dirname(full);
  const file = isFolder ? await mainFile(full, path, options) : basename(full);
  const isImage = options.wantsImage || (options.attribute === undefined && file === 'configuration.nix');
  const isNamedAfterFolder = isFolder || file === 'configuration.nix' || file === 'default.nix';
  return {
    folder,
    only: isFolder ? undefined : file,
    name: isNamedAfterFolder ? nameOf(folder) : safeName(basename(file, extname(file))),
    what: isImage ? { kind: 'image', configuration: file } : { kind: 'nix', file },
  };
}

async function isDirectory(full: string, path: string): Promise<boolean> {
  try {
    return (await stat(full)).isDirectory();
  } catch (error) {
    throw new NexusError('source-missing', `${path} cannot be read: ${messageOf(error)}`, {
      hint: 'Give a configuration.nix, a Nix file, a folder with one, or a flake reference.',
      cause: error,
    });
  }
}

async function mainFile(
  folder: string,
  path: string,
  { wantsImage, attribute }: SourceOptions,
): Promise<string> {
  const names = ['configuration.nix', 'default.nix'];
  const wanted = wantsImage ? names.slice(0, 1) : attribute !== undefined ? names.slice(1) : names;
  for (const name of wanted) {
    if (await exists(join(folder, name))) return name;
  }
  throw new NexusError(
    'source-without-configuration',
    `${path === '.' ? 'This folder' : path} has no ${[...wanted, 'flake.nix'].join(' and no ')}`,
    {
      hint: 'Give the file itself when it has another name; nexus init writes one to start from.',
    },
  );
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

const nameOf = (folder: string) => safeName(basename(folder));

/** Names become part of folder names: see `buildName` in the request. */
export function safeName(name: string): string {
  const safe = name.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return safe.slice(0, 63) || 'build';
}

import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { NexusError, systemCodeOf } from '../errors.ts';
import { giveToOwnerOf } from '../give-to-owner.ts';
import { fetchFile } from '../transport/fetch/fetch-file.ts';
import type { RemoteFile } from '../transport/fetch/remote-file.ts';
import type { Transport } from '../transport/transport.ts';
import { syncFolder, writeFileAtomically } from '../write-file-atomically.ts';

const sumsName = 'SHA256SUMS';

export interface DeliverOptions {
  transport: Transport;
  /** What to fetch, each with the name it asks for. */
  files: readonly (RemoteFile & { name: string })[];
  /** The folder to make; it appears under this name only when everything in it is whole. */
  folder: string;
  /** What the person may want to know later, written beside the artifacts. */
  manifest: Record<string, unknown>;
  signal?: AbortSignal;
  /** Bytes of all files together that have arrived. */
  onProgress?: (bytes: number) => void;
}

export interface Delivered {
  name: string;
  path: string;
  bytes: number;
  sha256: string;
}

/**
 * Fetches the artifacts of one build into a folder of their own, with SHA256SUMS and manifest.json. What has been
 * fetched waits beside it under a hidden name, and a later call with the same folder and files goes on there.
 */
export async function deliver(options: DeliverOptions): Promise<Delivered[]> {
  const { folder, signal } = options;
  const wanted = named(options.files);
  const partial = partialFolder(folder);
  if ((await sumsIn(partial)) !== sumsOf(wanted)) await discardPartial(folder);
  await mkdir(partial, { recursive: true });
  try {
    await writeFileAtomically(join(partial, sumsName), sumsOf(wanted), 0o644);
    await fetchAll(options, wanted, partial);
    await describe(partial, wanted, options.manifest);
    signal?.throwIfAborted();
    await syncFolder(partial);
    await rename(partial, folder);
    await syncFolder(dirname(folder));
  } catch (error) {
    // It is worth keeping only for what is in it besides the sums.
    const isEmpty = (await readdir(partial)).length <= 1;
    if (isEmpty || isDamage(error)) await discardPartial(folder);
    throw error;
  }
  return inFolder(folder, wanted);
}

async function discardPartial(folder: string): Promise<void> {
  await rm(partialFolder(folder), { recursive: true, force: true });
}

const partialFolder = (folder: string) => join(dirname(folder), `.${basename(folder)}.part`);

type Wanted = RemoteFile & { name: string };

function named(files: DeliverOptions['files']): Wanted[] {
  const names = safeNames(files.map(({ name }) => name));
  return files.map((file, index) => ({ ...file, name: names[index] ?? `artifact-${index}` }));
}

const inFolder = (folder: string, wanted: readonly Wanted[]): Delivered[] =>
  wanted.map(({ name, bytes, sha256 }) => ({ name, path: join(folder, name), bytes, sha256 }));

const sumsOf = (wanted: readonly Wanted[]) =>
  wanted.map(({ sha256, name }) => `${sha256}  ${name}\n`).join('');

const isDamage = (error: unknown) => error instanceof NexusError && error.code === 'transfer-damaged';

async function sumsIn(folder: string): Promise<string | undefined> {
  try {
    return await readFile(join(folder, sumsName), 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function describe(folder: string, wanted: readonly Wanted[], manifest: Record<string, unknown>) {
  const artifacts = wanted.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 }));
  const text = `${JSON.stringify({ ...manifest, artifacts }, null, 2)}\n`;
  await writeFileAtomically(join(folder, 'manifest.json'), text, 0o644);
  const names = ['.', sumsName, 'manifest.json', ...wanted.map(({ name }) => name)];
  await giveToOwnerOf(
    dirname(folder),
    names.map((name) => join(folder, name)),
  );
}

async function fetchAll(
  { transport, signal, onProgress }: DeliverOptions,
  wanted: readonly Wanted[],
  folder: string,
): Promise<void> {
  let before = 0;
  for (const { name, ...file } of wanted) {
    const done = before;
    const target = join(folder, name);
    // It got this name when it had been checked.
    if ((await sizeOf(target)) === file.bytes) onProgress?.(done + file.bytes);
    else {
      await fetchFile(transport, file, target, {
        ...(signal && { signal }),
        onProgress: (received) => onProgress?.(done + received),
      });
    }
    before += file.bytes;
  }
}

/** File names for what the builder calls its artifacts: no folders, nothing hidden, nothing twice. */
export function safeNames(names: readonly string[]): string[] {
  // macOS and Windows take names that differ in case only for the same.
  const taken = new Set([sumsName.toLowerCase(), 'manifest.json']);
  return names.map((wanted) => {
    const plain =
      basename(wanted)
        .replace(/[^A-Za-z0-9._+-]/g, '_')
        .replace(/^[.-]+/, '')
        .slice(0, 200) || 'artifact';
    let name = plain;
    for (let count = 2; taken.has(name.toLowerCase()); count += 1) name = `${count}-${plain}`;
    taken.add(name.toLowerCase());
    return name;
  });
}

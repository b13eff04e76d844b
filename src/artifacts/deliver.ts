import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { giveToOwnerOf } from '../give-to-owner.ts';
import { fetchFile, type RemoteFile } from '../transport/fetch.ts';
import type { Transport } from '../transport/transport.ts';
import { writeFileAtomically } from '../write-file-atomically.ts';

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

/** Fetches the artifacts of one build into a folder of their own, with SHA256SUMS and manifest.json. */
export async function deliver(options: DeliverOptions): Promise<Delivered[]> {
  const { folder, signal } = options;
  const parent = dirname(folder);
  const temporary = join(parent, `.${basename(folder)}.part`);
  await mkdir(parent, { recursive: true });
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary);
  try {
    const delivered = await fetchAll(options, temporary);
    const sums = delivered.map(({ sha256, name }) => `${sha256}  ${name}\n`).join('');
    await writeFileAtomically(join(temporary, 'SHA256SUMS'), sums, 0o644);
    const manifest = { ...options.manifest, artifacts: delivered.map(({ path, ...rest }) => rest) };
    await writeFileAtomically(
      join(temporary, 'manifest.json'),
      `${JSON.stringify(manifest, null, 2)}\n`,
      0o644,
    );
    await giveToOwnerOf(parent, [
      temporary,
      ...['SHA256SUMS', 'manifest.json'].map((name) => join(temporary, name)),
    ]);
    await giveToOwnerOf(
      parent,
      delivered.map(({ name }) => join(temporary, name)),
    );
    signal?.throwIfAborted();
    await rename(temporary, folder);
    return delivered.map((file) => ({ ...file, path: join(folder, file.name) }));
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

async function fetchAll(
  { transport, files, signal, onProgress }: DeliverOptions,
  folder: string,
): Promise<Delivered[]> {
  const names = safeNames(files.map(({ name }) => name));
  const delivered: Delivered[] = [];
  let before = 0;
  for (const [index, { path, bytes, sha256 }] of files.entries()) {
    const name = names[index] ?? `artifact-${index}`;
    const done = before;
    await fetchFile(transport, { path, bytes, sha256 }, join(folder, name), {
      ...(signal && { signal }),
      onProgress: (received) => onProgress?.(done + received),
    });
    before += bytes;
    delivered.push({ name, path: join(folder, name), bytes, sha256 });
  }
  return delivered;
}

/** File names for what the builder calls its artifacts: no folders, nothing hidden, nothing twice. */
export function safeNames(names: readonly string[]): string[] {
  // macOS and Windows take names that differ in case only for the same.
  const taken = new Set(['sha256sums', 'manifest.json']);
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

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { NexusError, systemCodeOf } from '../errors.ts';
import { counts, isMeant } from './entry-name.ts';

/** A folder with more is no configuration: it is something that was dropped by mistake. */
const mostFiles = 10_000;
const mostBytes = 1024 ** 3;

/** Something that lies in the inbox. */
export interface Entry {
  name: string;
  path: string;
  /** Everything that belongs to it: itself, and the options beside it. */
  parts: string[];
}

/** What lies in the inbox and is meant to become a build. */
export async function listEntries(inbox: string): Promise<Entry[]> {
  const entries = await readdir(inbox, { withFileTypes: true });
  const names = new Set(entries.map(({ name }) => name));
  return entries
    .filter((entry) => isMeant(entry.name, !entry.isFile()))
    .map(({ name }) => {
      const options = [`${name}.nexus.yaml`, `${name.replace(/\.nix$/, '')}.nexus.yaml`, 'nexus.yaml'];
      const beside = options.find((option) => names.has(option));
      const parts = [name, ...(beside ? [beside] : [])].map((part) => join(inbox, part));
      return { name, path: join(inbox, name), parts };
    });
}

interface Part {
  /** Relative to the entry. */
  name: string;
  path: string;
  kind: 'file' | 'link';
  bytes: number;
  stamp: string;
}

/**
 * Says whether an entry has changed since the last look, without reading it; nothing when it has gone.
 * @throws {NexusError} `source-unsafe` for what cannot become a source.
 */
export async function stampOf(entry: Entry): Promise<string | undefined> {
  const parts = await partsOf(entry);
  return parts && digest(parts.map(({ name, stamp }) => `${name}\0${stamp}`));
}

/** The same for the same content, whenever it was written. */
export async function contentOf(entry: Entry): Promise<string | undefined> {
  const parts = await partsOf(entry);
  if (!parts) return undefined;
  const contents: string[] = [];
  for (const { name, path, kind } of parts) {
    contents.push(`${name}\0${kind}\0${kind === 'link' ? await readlink(path) : await fileDigest(path)}`);
  }
  return digest(contents);
}

async function partsOf(entry: Entry): Promise<Part[] | undefined> {
  const found: Part[] = [];
  try {
    for (const path of entry.parts) await walk(entry, path, path === entry.path ? '' : 'beside/', found);
  } catch (error) {
    // Something was moved away under our eyes; the next look sees what has become of it.
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function walk(entry: Entry, path: string, name: string, found: Part[]): Promise<void> {
  const stat = await lstat(path);
  if (stat.isDirectory()) {
    for (const child of await readdir(path)) {
      if (counts(child)) await walk(entry, join(path, child), `${name}/${child}`, found);
    }
    return;
  }
  if (stat.isSymbolicLink() && path === entry.path) {
    throw unsafe(`${entry.name} is a link`, 'Put the folder or the file itself into the inbox.');
  }
  if (!stat.isFile() && !stat.isSymbolicLink()) {
    throw unsafe(`${entry.name}${name} is no file, folder or link`, 'Take it out.');
  }
  found.push({
    ...{ name, path, kind: stat.isFile() ? 'file' : 'link', bytes: stat.size },
    stamp: `${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`,
  });
  const bytes = found.reduce((sum, part) => sum + part.bytes, 0);
  if (found.length > mostFiles || bytes > mostBytes) {
    throw unsafe(
      `${entry.name} has more than ${mostFiles} files or 1 GiB`,
      'Leave out what the build does not need, or use `nexus build`, which has no such limit.',
    );
  }
}

function unsafe(message: string, hint: string): NexusError {
  return new NexusError('source-unsafe', message, { hint });
}

const digest = (lines: readonly string[]) => createHash('sha256').update(lines.join('\n')).digest('hex');

async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Header, type Pack, pack } from 'tar-stream';
import { messageOf, NexusError } from '../errors.ts';

/** Larger sources are a mistake (a result link, a disk image) more often than a wish. */
const maxSourceBytes = 4 * 1024 ** 3;

export interface CleanSource {
  /** Paths of everything but folders. */
  files: string[];
  /** Of the cleaned archive. */
  sha256: string;
}

type CleanEntry = Parameters<Pack['entry']>[0];

/**
 * Reads an uploaded tar archive and writes it to `target` again, entry by entry, so that nothing but plain
 * files, folders and links that stay inside ever reaches a builder.
 * @throws {NexusError} `source-unsafe` naming the entry, `request-invalid` when it is no tar archive.
 */
export async function cleanSource(
  upload: Readable,
  target: string,
  signal?: AbortSignal,
): Promise<CleanSource> {
  const files: string[] = [];
  const hash = createHash('sha256');
  const clean = pack();
  const options = signal ? { signal } : {};
  const hashed = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  };
  const copying = copyEntries(upload, clean, files, options).catch((error) => {
    clean.destroy(error);
    throw error;
  });
  const file = createWriteStream(target, { mode: 0o600, flush: true });
  const writing = pipeline(Readable.from(clean), hashed, file, options);
  try {
    await Promise.all([copying, writing]);
  } catch (error) {
    // A file that is still being opened could not be removed yet.
    await writing.catch(() => {});
    if (!file.closed) await new Promise<void>((resolve) => void file.once('close', () => resolve()));
    // The rest of a refused upload is still read: a client that cannot finish sending never sees the answer.
    upload.resume();
    signal?.throwIfAborted();
    if (error instanceof NexusError) throw error;
    throw new NexusError('request-invalid', `The source is no readable tar archive: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return { files, sha256: hash.digest('hex') };
}

async function copyEntries(
  upload: Readable,
  clean: Pack,
  files: string[],
  options: { signal?: AbortSignal },
) {
  const reader = extract();
  const feeding = pipeline(upload.iterator({ destroyOnReturn: false }), reader, options);
  feeding.catch((error) => reader.destroy(error));
  let bytes = 0;
  const places = new Places();
  for await (const content of reader) {
    const { header } = content;
    bytes += sizeOf(header);
    if (bytes > maxSourceBytes) throw unsafe(`it is larger than ${maxSourceBytes} bytes`);
    const entry = cleanEntry(header);
    const isNew = places.take(entry);
    if (entry.type !== 'directory') files.push(entry.name);
    if (isNew) await copyEntry(content, clean, entry);
    else for await (const _ of content);
  }
  await feeding;
  clean.finalize();
}

async function copyEntry(content: AsyncIterable<unknown>, clean: Pack, entry: CleanEntry): Promise<void> {
  if (entry.type !== 'file') {
    clean.entry(entry);
    for await (const _ of content);
    return;
  }
  await pipeline(content, clean.entry(entry));
}

/** Times and owners say nothing about a source, and would make equal ones differ. */
function cleanEntry(header: Header): CleanEntry {
  const normal = posix.normalize(header.name);
  const name = normal.replace(/\/$/, '');
  if (!staysInside(normal)) throw unsafe(`${JSON.stringify(header.name)} lies outside of it`);
  if (isTooLong(name)) throw unsafe(`the name ${JSON.stringify(name.slice(0, 100))}… is too long`);
  const executable = ((header.mode ?? 0) & 0o100) !== 0;
  const kept = { name, mtime: new Date(0) };
  switch (header.type) {
    case 'file':
    case 'contiguous-file':
      return { ...kept, type: 'file', mode: executable ? 0o755 : 0o644, size: header.size ?? 0 };
    case 'directory':
      return { ...kept, type: 'directory', mode: 0o755 };
    case 'symlink':
      return { ...kept, type: 'symlink', mode: 0o777, linkname: cleanLink(name, header.linkname ?? '') };
    default:
      throw unsafe(`${JSON.stringify(name)} is a ${header.type}, which no source needs`);
  }
}

/** tar-stream waits for ever for the content of an entry whose size is no number, and of a folder that has one. */
function sizeOf({ name, type, size = 0 }: Header): number {
  if (!Number.isSafeInteger(size)) throw unsafe(`${JSON.stringify(name)} has no size that could be read`);
  if (type === 'directory' && size !== 0) throw unsafe(`the folder ${JSON.stringify(name)} has a size`);
  return size;
}

/** What lies where, so that every name is one thing: tar would go through a link, or fail on the builder. */
class Places {
  readonly #folders = new Set(['.']);
  readonly #others = new Set<string>();

  /** Takes the place of an entry, and those of the folders it is in; false when it is a folder that is there already. */
  take({ name, type }: CleanEntry): boolean {
    for (let parent = posix.dirname(name); parent !== '.'; parent = posix.dirname(parent)) {
      if (this.#others.has(parent))
        throw unsafe(`${JSON.stringify(name)} lies behind ${JSON.stringify(parent)}, which is no folder`);
      this.#folders.add(parent);
    }
    const isFolder = type === 'directory';
    if (this.#others.has(name) || (!isFolder && this.#folders.has(name)))
      throw unsafe(`it has ${JSON.stringify(name)} more than once`);
    const places = isFolder ? this.#folders : this.#others;
    const isNew = !places.has(name);
    places.add(name);
    return isNew;
  }
}

function cleanLink(name: string, target: string): string {
  // Going up again after going down may lead through another link, and then to somewhere else than it says.
  const upAfterDown = /(^|\/)(?!\.\.?(\/|$))[^/]+\/(.*\/)?\.\.(\/|$)/.test(target);
  const isRelative = !posix.isAbsolute(target) && !upAfterDown;
  if (
    target !== '' &&
    !isTooLong(target) &&
    isRelative &&
    staysInside(posix.join(posix.dirname(name), target))
  )
    return target;
  throw unsafe(`the link ${JSON.stringify(name)} leads out of it, to ${JSON.stringify(target)}`);
}

/** Longer ones no Linux takes (limits.h). */
function isTooLong(path: string): boolean {
  return Buffer.byteLength(path) > 4000 || path.split('/').some((part) => Buffer.byteLength(part) > 255);
}

function staysInside(path: string): boolean {
  const normal = posix.normalize(path);
  return !posix.isAbsolute(normal) && normal !== '..' && !normal.startsWith('../') && !normal.includes('\0');
}

function unsafe(why: string): NexusError {
  return new NexusError('source-unsafe', `The source was refused: ${why}`);
}

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
  try {
    await Promise.all([
      copyEntries(upload, clean, files, options).catch((error) => {
        clean.destroy(error);
        throw error;
      }),
      pipeline(
        Readable.from(clean),
        hashed,
        createWriteStream(target, { mode: 0o600, flush: true }),
        options,
      ),
    ]);
  } catch (error) {
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
  const links = new Set<string>();
  for await (const content of reader) {
    const { header } = content;
    bytes += header.size ?? 0;
    const entry = cleanEntry(header);
    checkParents(entry.name, links);
    if (entry.type === 'symlink') links.add(entry.name);
    if (entry.type !== 'directory') files.push(entry.name);
    if (bytes > maxSourceBytes) throw unsafe(`it is larger than ${maxSourceBytes} bytes`);
    await copyEntry(content, clean, entry);
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
  const name = posix.normalize(header.name).replace(/\/$/, '');
  if (!staysInside(name)) throw unsafe(`${JSON.stringify(header.name)} lies outside of it`);
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

/** Below a link a path means another one than it says. */
function checkParents(name: string, links: ReadonlySet<string>): void {
  for (let parent = posix.dirname(name); parent !== '.'; parent = posix.dirname(parent)) {
    if (links.has(parent))
      throw unsafe(`${JSON.stringify(name)} lies behind the link ${JSON.stringify(parent)}`);
  }
}

function cleanLink(name: string, target: string): string {
  // Going up again after going down may lead through another link, and then to somewhere else than it says.
  const upAfterDown = /(^|\/)(?!\.\.?(\/|$))[^/]+\/(.*\/)?\.\.(\/|$)/.test(target);
  const isRelative = !posix.isAbsolute(target) && !upAfterDown;
  if (isRelative && staysInside(posix.join(posix.dirname(name), target))) return target;
  throw unsafe(`the link ${JSON.stringify(name)} leads out of it, to ${JSON.stringify(target)}`);
}

function staysInside(path: string): boolean {
  const normal = posix.normalize(path);
  return !posix.isAbsolute(normal) && normal !== '..' && !normal.startsWith('../') && !normal.includes('\0');
}

function unsafe(why: string): NexusError {
  return new NexusError('source-unsafe', `The source was refused: ${why}`);
}

import { z } from 'zod';
import { NexusError } from '../../errors.ts';
import { runChecked } from '../run-checked.ts';
import type { Transport } from '../transport.ts';
import type { RemoteFile } from './remote-file.ts';

/** A part of a file. */
export interface Extent {
  offset: number;
  length: number;
}

/** More of a map is not worth reading: what lies behind counts as data. */
const mapBytes = 256 * 1024;

const blockSize = 512;

/** Allocated bytes and size in the first line; a file with holes has its map in the second, within a tar archive. */
const script = `path=$1
allocation=$(stat -L -c '%b %B %s' -- "$path") || exit
printf '%s\\n' "$allocation"
set -- $allocation
[ $(($1 * $2)) -lt "$3" ] || exit 0
{ tar -c -P -h --format=posix --sparse --hole-detection=seek -f - -- "$path" 2>/dev/null || :; } | head -c ${mapBytes} | base64 -w 0`;

const allocation = z
  .tuple([z.coerce.number(), z.coerce.number(), z.coerce.number()])
  .transform(([blocks, unit, size]) => ({ allocated: blocks * unit, size }));

/**
 * Where a file of the builder has data; the rest are holes, which read as zeros. GNU tar is the one program every
 * builder has that can tell. A file without holes is one extent.
 */
export async function dataExtents(
  transport: Transport,
  { path, bytes }: Pick<RemoteFile, 'path' | 'bytes'>,
  signal?: AbortSignal,
): Promise<Extent[]> {
  const stdout = await runChecked(transport, ['sh', '-c', script, 'sh', path], signal ? { signal } : {});
  const [first = '', archive = ''] = stdout.split('\n');
  const { allocated, size } = allocation.parse(first.split(' '));
  if (size !== bytes) {
    throw new NexusError('transfer-damaged', `${path} has ${size} bytes by now, and had ${bytes}`, {
      hint: 'The file changed on the builder; build again.',
    });
  }
  const whole = size > 0 ? [{ offset: 0, length: size }] : [];
  if (allocated >= size) return whole;
  return readSparseMap(Buffer.from(archive, 'base64'), size) ?? whole;
}

/**
 * Reads the map of tar's "PAX 1.0" sparse format, https://www.gnu.org/software/tar/manual/html_node/PAX-1.html:
 * after the headers come the number of extents, and the offset and the length of each, as lines.
 * @returns nothing when there is none.
 */
export function readSparseMap(archive: Buffer, size: number): Extent[] | undefined {
  const extended = archive.subarray(blockSize, blockSize + sizeOf(archive));
  if (archive[156] !== 'x'.charCodeAt(0) || !extended.includes('GNU.sparse.major=1\n')) return undefined;
  const start = blockSize + Math.ceil(extended.length / blockSize) * blockSize + blockSize;
  const numbers = readNumbers(archive.subarray(start));
  const count = numbers.shift();
  if (count === undefined) return undefined;
  const extents: Extent[] = [];
  for (let index = 0; index < count; index += 1) {
    const [offset, length] = [numbers[2 * index], numbers[2 * index + 1]];
    if (offset === undefined || length === undefined) {
      // The map is longer than what we read of it.
      extents.push({ offset: endOf(extents), length: size - endOf(extents) });
      break;
    }
    if (length > 0) extents.push({ offset, length });
  }
  return extents;
}

const endOf = (extents: readonly (Extent | undefined)[]) => {
  const last = extents.at(-1);
  return last ? last.offset + last.length : 0;
};

/** The size in a tar header, in octal. */
const sizeOf = (header: Buffer) => Number.parseInt(header.toString('latin1', 124, 135), 8) || 0;

/** The numbers at the beginning, one a line; a last line without an end does not count. */
function readNumbers(bytes: Buffer): number[] {
  const text = /^(?:\d+\n)*/.exec(bytes.toString('latin1'))?.[0] ?? '';
  return text.split('\n').slice(0, -1).map(Number);
}

/**
 * What of each place is data; gaps that are not worth leaving out count as data too. Extents and places are in order,
 * and the places follow one another.
 */
export function splitData(
  extents: readonly Extent[],
  places: readonly Extent[],
  smallestGap: number,
): Extent[][] {
  let first = 0;
  return places.map(({ offset, length }) => {
    const end = offset + length;
    const found: Extent[] = [];
    while (first < extents.length && endOf([extents[first]]) <= offset) first += 1;
    for (let index = first; index < extents.length; index += 1) {
      const extent = extents[index];
      if (!extent || extent.offset >= end) break;
      addPart(found, Math.max(extent.offset, offset), Math.min(endOf([extent]), end), smallestGap);
    }
    return found;
  });
}

/** The same data in as few extents as can be. */
export function joinAdjacent(extents: readonly Extent[]): Extent[] {
  const joined: Extent[] = [];
  for (const { offset, length } of extents) {
    const last = joined.at(-1);
    if (last && endOf(joined) === offset) last.length += length;
    else joined.push({ offset, length });
  }
  return joined;
}

function addPart(found: Extent[], start: number, end: number, smallestGap: number): void {
  const last = found.at(-1);
  if (last && start - endOf(found) < smallestGap) last.length = end - last.offset;
  else found.push({ offset: start, length: end - start });
}

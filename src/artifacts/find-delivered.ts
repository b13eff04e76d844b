import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { systemCodeOf } from '../errors.ts';
import { type Delivered, safeNames } from './deliver.ts';

/** The artifacts of a build that were delivered before its end was recorded, if they are all there and unharmed. */
export async function findDelivered(
  folder: string,
  files: readonly Omit<Delivered, 'path'>[],
): Promise<Delivered[] | undefined> {
  const names = safeNames(files.map(({ name }) => name));
  const delivered: Delivered[] = [];
  for (const [index, { bytes, sha256 }] of files.entries()) {
    const name = names[index] ?? '';
    const path = join(folder, name);
    if ((await sizeOf(path)) !== bytes || (await sha256Of(path)) !== sha256) return undefined;
    delivered.push({ name, path, bytes, sha256 });
  }
  return delivered;
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

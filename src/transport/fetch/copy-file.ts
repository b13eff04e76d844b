import { createHash } from 'node:crypto';
import { copyFile as cloneFile, constants, open } from 'node:fs/promises';
import { systemCodeOf } from '../../errors.ts';
import { checkArrived, type FetchOptions, type RemoteFile } from './remote-file.ts';

const chunkBytes = 1024 * 1024;

/**
 * Copies a file of this machine: shared with the original where the file system can, else read and written once.
 * Its zeros become holes.
 */
export async function copyFile(file: RemoteFile, target: string, options: FetchOptions): Promise<void> {
  const isShared = await clone(file.path, target);
  await using from = await open(isShared ? target : file.path, 'r');
  await using to = await open(target, isShared ? 'r+' : 'w', 0o644);
  const hash = createHash('sha256');
  let bytes = 0;
  for (;;) {
    options.signal?.throwIfAborted();
    const { bytesRead, buffer } = await from.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, bytes);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    if (!isShared && !isZero(chunk)) await to.write(chunk, 0, bytesRead, bytes);
    bytes += bytesRead;
    options.onProgress?.(bytes);
  }
  await to.truncate(bytes);
  await to.chmod(0o644);
  await to.sync();
  checkArrived(file, bytes, hash.digest('hex'));
}

async function clone(path: string, target: string): Promise<boolean> {
  try {
    await cloneFile(path, target, constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'EACCES') throw error;
    return false;
  }
}

const zeros = Buffer.alloc(chunkBytes);

const isZero = (chunk: Buffer) => chunk.equals(zeros.subarray(0, chunk.length));

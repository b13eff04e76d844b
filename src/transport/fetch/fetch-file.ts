import { mkdir, open, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import pRetry from 'p-retry';
import { systemCodeOf } from '../../errors.ts';
import { isLost } from '../ssh-transport.ts';
import type { SshAccess, Transport } from '../transport.ts';
import { copyFile } from './copy-file.ts';
import { dataExtents } from './extents.ts';
import { blockSize, fetchBlocks } from './fetch-blocks.ts';
import { fetchStream } from './fetch-stream.ts';
import { discard, Journal, type PartialPaths } from './journal.ts';
import { checkArrived, type FetchOptions, type RemoteFile } from './remote-file.ts';

/** A smaller file is here before further connections would be. */
const smallestInBlocks = 4 * blockSize;

/**
 * Copies a file of the builder to `target` with constant memory: under a temporary name first, under its own name
 * only when bytes and sha256 are right and everything is on the disk. Goes on after a lost connection, and, with a
 * large file, with what an earlier call has left, so that no block is sent twice; holes of a file are not sent.
 * @throws {NexusError} `transfer-damaged` when what arrived is not what the builder described.
 */
export async function fetchFile(
  transport: Transport,
  file: RemoteFile,
  target: string,
  options: FetchOptions = {},
): Promise<void> {
  const partial = partialPaths(target);
  await mkdir(dirname(target), { recursive: true });
  try {
    if (transport.kind === 'local') await copyFile(file, partial.data, options);
    else if (transport.access && file.bytes >= smallestInBlocks) {
      const access = transport.access.bind(transport);
      await fetchInBlocks({ transport, access, file, partial, options });
    } else await fetchStream(transport, file, partial.data, options);
    await rename(partial.data, target);
    await discard(partial);
  } catch (error) {
    // What is in no journal is of no use.
    if (!(await isWorthKeeping(partial))) await discard(partial);
    throw error;
  }
}

/** The names beside `target` that a fetch uses; hidden, so that nobody takes a part for the whole. */
export function partialPaths(target: string): PartialPaths {
  const hidden = join(dirname(target), `.${basename(target)}`);
  return { data: `${hidden}.part`, journal: `${hidden}.blocks` };
}

interface BlocksFetch {
  transport: Transport;
  access: () => Promise<SshAccess>;
  file: RemoteFile;
  partial: PartialPaths;
  options: FetchOptions;
}

/** Tries again with what is here when no connection is left; the transport waits until there is one. */
async function fetchInBlocks(fetch: BlocksFetch): Promise<void> {
  const { signal } = fetch.options;
  await pRetry(() => fetchAndCheck(fetch), {
    ...{ retries: 10, minTimeout: 200, maxTimeout: 5000 },
    shouldRetry: ({ error }) => isLost(error),
    ...(signal && { signal }),
  });
}

async function fetchAndCheck(fetch: BlocksFetch): Promise<void> {
  if ((await fetchOnce(fetch)) === 'as described') return;
  // What an earlier call left may have been damaged since; only a whole fetch proves that the builder's file was.
  await discard(fetch.partial);
  await fetchOnce(fetch);
}

async function fetchOnce({ transport, access, file, partial, options }: BlocksFetch) {
  const { path, bytes, sha256 } = file;
  const extents = await dataExtents(transport, file, options.signal);
  await using journal = await Journal.open(partial, { path, bytes, sha256, blockSize });
  const got = await fetchBlocks({
    ...options,
    ...(await access()),
    ...{ path, bytes, extents, journal, target: partial.data },
  });
  if (got !== sha256 && journal.known.size > 0) return 'worth another try';
  if (got !== sha256) await discard(partial);
  checkArrived(file, bytes, got);
  await journal.data.sync();
  return 'as described';
}

async function isWorthKeeping({ journal }: PartialPaths): Promise<boolean> {
  try {
    await using handle = await open(journal, 'r');
    let lines = 0;
    for await (const _ of handle.readLines()) if (++lines > 1) return true;
    return false;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

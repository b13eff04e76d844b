import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import pRetry from 'p-retry';
import { NexusError } from '../errors.ts';
import type { Transport } from './transport.ts';

export interface RemoteFile {
  path: string;
  bytes: number;
  /** Lower-case hexadecimal. */
  sha256: string;
}

export interface FetchOptions {
  signal?: AbortSignal;
  /** Called with the bytes received so far, after every chunk. */
  onProgress?: (bytes: number) => void;
}

/**
 * Copies a file of the builder to `target` with constant memory: under a temporary name first, under its
 * own name only when bytes and sha256 are right and everything is on the disk. Resumes after a lost connection.
 * @throws {NexusError} `transfer-damaged` when what arrived is not what the builder described.
 */
export async function fetchFile(
  transport: Transport,
  file: RemoteFile,
  target: string,
  options: FetchOptions = {},
): Promise<void> {
  const temporary = join(dirname(target), `.${basename(target)}.part`);
  await mkdir(dirname(target), { recursive: true });
  try {
    await receive(transport, file, temporary, options);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function receive(transport: Transport, file: RemoteFile, temporary: string, options: FetchOptions) {
  const { signal, onProgress } = options;
  const hash = createHash('sha256');
  let received = 0;
  const handle = await open(temporary, 'w', 0o644);
  try {
    const copyRest = async () => {
      for await (const chunk of transport.read(file.path, { offset: received, ...(signal && { signal }) })) {
        await handle.appendFile(chunk);
        hash.update(chunk);
        received += chunk.length;
        onProgress?.(received);
        if (received > file.bytes) return;
      }
    };
    await pRetry(copyRest, {
      retries: 10,
      minTimeout: 200,
      maxTimeout: 5000,
      shouldRetry: isLost,
      ...(signal && { signal }),
    });
    await handle.sync();
  } finally {
    await handle.close();
  }
  check(file, received, hash.digest('hex'));
}

const isLost = ({ error }: { error: unknown }) =>
  error instanceof NexusError && error.code === 'connection-lost';

function check(file: RemoteFile, bytes: number, sha256: string): void {
  if (bytes === file.bytes && sha256 === file.sha256) return;
  const expected = `${file.bytes} bytes with sha256 ${file.sha256}`;
  throw new NexusError(
    'transfer-damaged',
    `${file.path} should be ${expected}, but ${bytes} bytes with sha256 ${sha256} arrived`,
    {
      hint: 'The file changed on the builder or was damaged on the way; build again.',
    },
  );
}

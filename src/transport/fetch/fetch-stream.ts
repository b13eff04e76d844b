import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import pRetry from 'p-retry';
import { isLost } from '../ssh-transport.ts';
import type { Transport } from '../transport.ts';
import { checkArrived, type FetchOptions, type RemoteFile } from './remote-file.ts';

/** Fetches a file over the connection that is there, in one stream; goes on where it was after a lost connection. */
export async function fetchStream(
  transport: Transport,
  file: RemoteFile,
  target: string,
  { signal, onProgress }: FetchOptions,
): Promise<void> {
  const hash = createHash('sha256');
  let received = 0;
  const handle = await open(target, 'w', 0o644);
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
      shouldRetry: ({ error }) => isLost(error),
      ...(signal && { signal }),
    });
    await handle.sync();
  } finally {
    await handle.close();
  }
  checkArrived(file, received, hash.digest('hex'));
}

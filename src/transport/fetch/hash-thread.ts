import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { type HashNews, type HashTask, type HashThreadData, toThreadError } from './thread-messages.ts';

// A thread of its own: it has nothing else to do, so it may well block.
const { target }: HashThreadData = workerData;
// Fits the processor's own cache, where sha256 reads it again.
const chunk = Buffer.allocUnsafeSlow(256 * 1024);
const hash = createHash('sha256');
const file = openSync(target, 'r');
const tell = (news: HashNews) => parentPort?.postMessage(news);
let hashed = 0;

parentPort?.on('message', ({ until, isEnd }: HashTask) => {
  try {
    hashUntil(until);
    if (!isEnd) return;
    closeSync(file);
    tell({ type: 'digest', sha256: hash.digest('hex') });
  } catch (error) {
    tell({ type: 'failed', error: toThreadError(error) });
  }
});

function hashUntil(end: number): void {
  while (hashed < end) {
    const read = readSync(file, chunk, 0, Math.min(chunk.length, end - hashed), hashed);
    if (read === 0) throw new Error(`${target} has become shorter`);
    hash.update(chunk.subarray(0, read));
    hashed += read;
  }
}

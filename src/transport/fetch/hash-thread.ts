import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { type HashNews, type HashTask, type HashThreadData, toThreadError } from './thread-messages.ts';

// A thread of its own: it has nothing else to do, so it may well block.
const { ring, target }: HashThreadData = workerData;
const bytes = new Uint8Array(ring);
const chunk = Buffer.allocUnsafeSlow(1024 * 1024);
const hash = createHash('sha256');
const file = openSync(target, 'r');
const tell = (news: HashNews) => parentPort?.postMessage(news);

parentPort?.on('message', (task: HashTask) => {
  try {
    take(task);
  } catch (error) {
    tell({ type: 'failed', error: toThreadError(error) });
  }
});

function take(task: HashTask): void {
  if (task.type === 'end') {
    closeSync(file);
    tell({ type: 'digest', sha256: hash.digest('hex') });
    return;
  }
  if (task.type === 'ring') hash.update(bytes.subarray(task.start, task.start + task.length));
  else hashFile(task.offset, task.length);
  tell({ type: 'hashed' });
}

function hashFile(start: number, length: number): void {
  for (let done = 0; done < length; ) {
    const read = readSync(file, chunk, 0, Math.min(chunk.length, length - done), start + done);
    if (read === 0) throw new Error(`${target} has become shorter`);
    hash.update(chunk.subarray(0, read));
    done += read;
  }
}

import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { NexusError } from '../../errors.ts';
import { connectSsh, type SshConnection } from '../ssh-connection.ts';
import { BlockReader } from './block-reader.ts';
import type { Extent } from './extents.ts';
import {
  type BlockTask,
  type FetchThreadData,
  type FetchThreadNews,
  toThreadError,
} from './thread-messages.ts';

/** A connection that is alive, and what is being done over it. */
interface Line {
  reader: BlockReader;
  running: Set<Promise<void>>;
}

const data: FetchThreadData = workerData;
const ring = new Uint8Array(data.ring);
const lines = new Map<number, Line>();
let connections = 0;

const tell = (news: FetchThreadNews) => parentPort?.postMessage(news);
const fail = (error: unknown) => tell({ type: 'failed', error: toThreadError(error) });

const isTransient = (error: unknown) =>
  error instanceof NexusError && (error.code === 'connection-lost' || error.code === 'connection-failed');

/** Keeps one connection alive; whoever waits for blocks decides for how long that is worth trying. */
async function keepConnected(): Promise<never> {
  for (let pause = 200; ; pause = Math.min(2 * pause, 5000)) {
    try {
      using ssh = await connectSsh(data.address, { keepaliveMs: data.keepaliveMs });
      pause = 200;
      await serve(ssh);
    } catch (error) {
      if (!isTransient(error)) throw error;
      tell({ type: 'unreachable', error: toThreadError(error) });
    }
    await sleep(pause);
  }
}

/** Takes tasks until the connection is lost. */
async function serve(ssh: SshConnection): Promise<void> {
  const connection = connections++;
  const line: Line = { reader: await BlockReader.start(ssh, data.path), running: new Set() };
  lines.set(connection, line);
  tell({ type: 'connected', connection });
  await new Promise<void>((resolve) => {
    if (ssh.lost.aborted) resolve();
    else ssh.lost.addEventListener('abort', () => resolve(), { once: true });
  });
  lines.delete(connection);
  // Whoever hears of the loss gives the slots away, so nothing may still be written from them.
  await Promise.all(line.running);
  tell({ type: 'lost', connection, error: toThreadError(ssh.lost.reason) });
}

function take(file: FileHandle, task: BlockTask): void {
  const line = lines.get(task.connection);
  // It was lost while the task was on its way, and that has been told.
  if (!line) return;
  const running = bring(file, line.reader, task).catch(fail);
  line.running.add(running);
  running.finally(() => line.running.delete(running));
}

async function bring(file: FileHandle, reader: BlockReader, task: BlockTask): Promise<void> {
  const { connection, block, place, data, slot } = task;
  const inRing = ({ offset, length }: Extent) => {
    const start = slot + offset - place.offset;
    return ring.subarray(start, start + length);
  };
  // What is no data reads as zeros.
  if (data.length !== 1 || data[0]?.length !== place.length) inRing(place).fill(0);
  try {
    await Promise.all(data.map((extent) => reader.read(extent, inRing(extent))));
  } catch (error) {
    if (isTransient(error)) return;
    throw error;
  }
  for (const extent of data) await writeAll(file, inRing(extent), extent.offset);
  tell({ type: 'done', connection, block });
}

async function writeAll(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, offset + written);
    written += bytesWritten;
  }
}

try {
  const file = await open(data.target, 'r+');
  parentPort?.on('message', (task: BlockTask) => take(file, task));
  for (let index = 0; index < data.connections; index += 1) keepConnected().catch(fail);
} catch (error) {
  fail(error);
}

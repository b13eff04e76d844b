import { openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { NexusError } from '../../errors.ts';
import { connectSsh, type SshConnection } from '../ssh-connection.ts';
import { ExtentReader } from './extent-reader.ts';
import { joinAdjacent } from './extents.ts';
import { ReadBuffers } from './read-buffers.ts';
import { RunWriter } from './run-writer.ts';
import {
  type FetchThreadData,
  type FetchThreadNews,
  type RunTask,
  toThreadError,
} from './thread-messages.ts';

/** A connection that is alive, and what is being done over it. */
interface Line {
  reader: ExtentReader;
  writer: RunWriter;
}

const data: FetchThreadData = workerData;
const lines = new Map<number, Line>();
let connections = 0;

const tell = (news: FetchThreadNews) => parentPort?.postMessage(news);
const fail = (error: unknown) => tell({ type: 'failed', error: toThreadError(error) });

const isTransient = (error: unknown) =>
  error instanceof NexusError && (error.code === 'connection-lost' || error.code === 'connection-failed');

/** Keeps one connection alive; whoever waits for blocks decides for how long that is worth trying. */
async function keepConnected(file: number): Promise<never> {
  for (let pause = 200; ; pause = Math.min(2 * pause, 5000)) {
    try {
      const buffers = new ReadBuffers();
      using ssh = await connectSsh(data.address, { keepaliveMs: data.keepaliveMs, readInto: buffers.next });
      pause = 200;
      await serve(file, ssh, buffers);
    } catch (error) {
      if (!isTransient(error)) throw error;
      tell({ type: 'unreachable', error: toThreadError(error) });
    }
    await sleep(pause);
  }
}

/** Takes tasks until the connection is lost. */
async function serve(file: number, ssh: SshConnection, buffers: ReadBuffers): Promise<void> {
  const connection = connections++;
  const writer = new RunWriter(file, (block) => tell({ type: 'done', connection, block }));
  const reader = await ExtentReader.start({
    connection: ssh,
    path: data.path,
    onBytes: (bytes) => {
      try {
        writer.take(bytes);
      } catch (error) {
        fail(error);
      }
    },
    // That the connection is lost is told below.
    onFailure: (error) => !isTransient(error) && fail(error),
  });
  buffers.mayReuse = true;
  lines.set(connection, { reader, writer });
  tell({ type: 'connected', connection });
  await new Promise<void>((resolve) => {
    if (ssh.lost.aborted) resolve();
    else ssh.lost.addEventListener('abort', () => resolve(), { once: true });
  });
  lines.delete(connection);
  tell({ type: 'lost', connection, error: toThreadError(ssh.lost.reason) });
}

function take({ connection, blocks }: RunTask): void {
  const line = lines.get(connection);
  // It was lost while the task was on its way, and that has been told.
  if (!line) return;
  for (const { block, data } of blocks) line.writer.expect(block, data);
  line.reader.ask(joinAdjacent(blocks.flatMap(({ data }) => data)));
}

try {
  const file = openSync(data.target, 'r+');
  parentPort?.on('message', take);
  for (let index = 0; index < data.connections; index += 1) keepConnected(file).catch(fail);
} catch (error) {
  fail(error);
}

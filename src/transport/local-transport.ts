import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { buffer, text } from 'node:stream/consumers';
import { environmentForPrograms } from '../config.ts';
import { writeFileAtomically } from '../write-file-atomically.ts';
import { feed } from './feed.ts';
import { followFile } from './follow-file.ts';
import { Reach } from './reach.ts';
import type { PutOptions, ReadOptions, RunOptions, RunResult, Transport } from './transport.ts';

/** The builder is this machine: its files are ours. */
export function localTransport(): Transport {
  return {
    kind: 'local',
    reach: new Reach(),
    run,
    read: readFrom,
    follow: followFile,
    put,
    [Symbol.asyncDispose]: async () => {},
  };
}

async function run(command: readonly [string, ...string[]], options: RunOptions = {}): Promise<RunResult> {
  const [program, ...args] = command;
  const { input, signal } = options;
  signal?.throwIfAborted();
  const child = spawn(program, args, { env: environmentForPrograms(), ...(signal && { signal }) });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const fed = input === undefined ? child.stdin.end() : feed(child.stdin, input);
  try {
    const [stdout, stderr, status] = await Promise.all([
      buffer(child.stdout),
      text(child.stderr),
      ended,
      fed,
    ]);
    return { stdout: stdout.toString(), stderr, status };
  } catch (error) {
    signal?.throwIfAborted();
    child.kill();
    throw error;
  }
}

async function* readFrom(path: string, { offset = 0, signal }: ReadOptions = {}): AsyncGenerator<Buffer> {
  const options = { start: offset, highWaterMark: 256 * 1024, ...(signal && { signal }) };
  try {
    yield* createReadStream(path, options);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

async function put(path: string, content: string | Buffer, { mode, signal }: PutOptions = {}): Promise<void> {
  signal?.throwIfAborted();
  await writeFileAtomically(path, content, mode);
}

import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { writeFileAtomically } from '../write-file-atomically.ts';
import { followFile } from './follow-file.ts';
import type { ReadOptions, RunOptions, RunResult, Transport } from './transport.ts';

/** The builder is this machine: its files are ours. */
export function localTransport(): Transport {
  return {
    kind: 'local',
    run,
    read: (path, options = {}) => readFrom(path, options),
    follow: followFile,
    put: (path, content, { mode } = {}) => writeFileAtomically(path, content, mode),
    [Symbol.asyncDispose]: async () => {},
  };
}

async function run(command: readonly [string, ...string[]], options: RunOptions = {}): Promise<RunResult> {
  const [program, ...args] = command;
  const child = spawn(program, args, options.signal ? { signal: options.signal } : {});
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const input = typeof options.input === 'string' ? Readable.from([options.input]) : options.input;
  const fed = input ? pipeline(input, child.stdin) : child.stdin.end();
  const [stdout, stderr, status] = await Promise.all([
    buffer(child.stdout),
    text(child.stderr),
    ended,
    // A program may end before it has read everything; its exit status tells whether that matters.
    Promise.resolve(fed).catch(() => {}),
  ]);
  return { stdout: stdout.toString(), stderr, status };
}

function readFrom(path: string, { offset = 0, signal }: ReadOptions): AsyncIterable<Buffer> {
  return createReadStream(path, { start: offset, highWaterMark: 256 * 1024, ...(signal && { signal }) });
}

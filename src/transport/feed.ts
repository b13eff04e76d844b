import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { systemCodeOf } from '../errors.ts';

/** How a program's input tells that the program has stopped reading. */
const closed = ['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'];

/**
 * Gives a program its input. A program may end before it has read everything: its exit status tells whether
 * that matters. An input that fails is an error, since the program would take a part of it for the whole.
 */
export async function feed(program: Writable, input: string | Readable): Promise<void> {
  try {
    await pipeline(typeof input === 'string' ? Readable.from([input]) : input, program);
  } catch (error) {
    if (!closed.includes(systemCodeOf(error) ?? '')) throw error;
  }
}

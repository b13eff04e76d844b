import type { Readable } from 'node:stream';
import { abortable } from './signals.ts';

/**
 * The bytes of one output of a program. Programs close their output just before they exit, and Node.js destroys a
 * stream that was read to its end: that would close the channel, sshd would hang up on the program, and nobody could
 * say any more how it ended. So the stream is left as it is. The signal ends the reading at once: a program may take a
 * while to notice that nobody reads it any more.
 */
export async function* outputOf(stream: Readable, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const chunks = stream.iterator({ destroyOnReturn: false });
  const next = () => abortable(chunks.next(), signal);
  for (let chunk = await next(); !chunk.done; chunk = await next()) yield chunk.value;
}

/** All of it, as text. */
export async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of outputOf(stream)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

import type { Readable } from 'node:stream';

/**
 * The bytes of one output of a program. Programs close their output just before they exit, and Node.js destroys a
 * stream that was read to its end: that would close the channel, sshd would hang up on the program, and nobody could
 * say any more how it ended. So the stream is left as it is.
 */
export async function* outputOf(stream: Readable): AsyncGenerator<Buffer> {
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
}

/** All of it, as text. */
export async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of outputOf(stream)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

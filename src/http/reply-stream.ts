import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

/** A sign of life this often, so that no proxy takes a quiet stream for a dead one. */
export const heartbeatMs = 15_000;

/** Sends what comes, as fast as the client takes it: nothing is kept for a slow one. */
export function stream(reply: FastifyReply, type: string, content: AsyncIterable<string | Buffer>) {
  // What has been read ahead of a slow client is a few chunks, whatever their size.
  const body = Readable.from(content, { highWaterMark: 2 });
  reply.header('content-type', type).header('cache-control', 'no-store').send(body);
  // A client must not wait for the first byte of a quiet build to learn that it is connected.
  reply.raw.flushHeaders();
  return reply;
}

/** Aborts when the client has gone. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return gone.signal;
}

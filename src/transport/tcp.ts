import { once } from 'node:events';
import { Socket, type SocketConstructorOpts } from 'node:net';

/**
 * Connects, or rejects with what the network said or the signal's reason, leaving no socket behind.
 * @param readInto where the next bytes that arrive are put, instead of into memory of their own each time.
 */
export async function connectTcp(
  host: string,
  port: number,
  signal: AbortSignal,
  readInto?: () => Buffer,
): Promise<Socket> {
  signal.throwIfAborted();
  const callback = (length: number, bytes: Uint8Array) => {
    // What Node.js does not do for a socket of this kind.
    socket.emit('data', Buffer.from(bytes.buffer, bytes.byteOffset, length));
    return true;
  };
  const onread = { buffer: readInto, callback };
  // Its types know this option for `connect` only.
  const socket: Socket = new Socket((readInto ? { onread } : {}) as SocketConstructorOpts);
  try {
    const connected = once(socket, 'connect', { signal });
    socket.connect({ host, port });
    await connected;
    // A small message, such as the end of an input, would wait 40 ms until the one before it is confirmed.
    return socket.setNoDelay();
  } catch (error) {
    socket.on('error', () => {}).destroy();
    signal.throwIfAborted();
    throw error;
  }
}

/** A connection is dead after so many intervals in which it was asked and nothing at all arrived. */
const quietIntervals = 4;

/**
 * Destroys a connection on which nothing arrives any more, although the other end is asked every `intervalMs`.
 * Bytes of any kind are a sign of life: on a slow line an answer may wait long behind what was sent before it.
 */
export function watchLife(socket: Socket, intervalMs: number): void {
  let [seen, quiet] = [socket.bytesRead, 0];
  const timer = setInterval(() => {
    quiet = socket.bytesRead === seen ? quiet + 1 : 0;
    seen = socket.bytesRead;
    if (quiet < quietIntervals) return;
    socket.destroy(new Error(`Nothing has arrived for ${(quiet * intervalMs) / 1000} s`));
  }, intervalMs);
  socket.once('close', () => clearInterval(timer));
}

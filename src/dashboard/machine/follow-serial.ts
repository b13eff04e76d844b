import { api } from '../api/api.ts';
import { keepConnected, type LineOptions, socketAddress } from './keep-connected.ts';

export interface SerialOptions extends LineOptions {
  /** What the machine has printed since the last call. */
  onText: (text: string) => void;
  /** The line tells everything anew, from its beginning. */
  onBegin: () => void;
  /** What sends keys, while there is a line. */
  onLine: (type: ((keys: string) => void) | null) => void;
}

/** Follows the serial line of a machine, and types on it. */
export async function followSerial(options: SerialOptions): Promise<void> {
  const connect = (signal: AbortSignal, onConnected: () => void) =>
    new Promise<void>((resolve) => {
      const socket = new WebSocket(socketAddress(api.bootSerialSocket(options.id)));
      socket.binaryType = 'arraybuffer';
      const decoder = new TextDecoder();
      socket.addEventListener('open', () => {
        if (signal.aborted) return socket.close();
        options.onBegin();
        options.onLine((keys) => socket.send(new TextEncoder().encode(keys)));
        onConnected();
      });
      socket.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => {
        if (!signal.aborted) options.onText(decoder.decode(data, { stream: true }));
      });
      // It ends in `close` in any case.
      socket.addEventListener('close', () => {
        over.abort();
        if (!signal.aborted) options.onLine(null);
        resolve();
      });
      const over = new AbortController();
      signal.addEventListener('abort', () => socket.close(), { once: true, signal: over.signal });
    });
  await keepConnected(connect, options);
}

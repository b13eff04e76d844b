import { call, LostError } from './call.ts';
import { connection, untilRegained } from './connection.ts';

/** The server says something at least every 15 s on streams that have a heartbeat. */
const silenceMs = 40_000;

interface StreamOptions {
  signal: AbortSignal;
  /** Whether silence means that the line is dead. */
  hasHeartbeat: boolean;
  onChunk: (chunk: Uint8Array) => void;
}

/**
 * Reads streams until one ends by itself, waiting for the server whenever it is lost.
 * `address` is asked anew each time, so that it can say from where on to go on.
 */
export async function readStream(address: () => string, options: StreamOptions): Promise<void> {
  while (!options.signal.aborted) {
    try {
      await readOnce(address(), options);
      return;
    } catch (error) {
      if (options.signal.aborted) return;
      if (!(error instanceof LostError)) throw error;
      await untilRegained();
      // Whoever has to log in first is shown that, and this page is built anew afterwards.
      if (connection.value !== 'online') return;
    }
  }
}

async function readOnce(address: string, { signal, hasHeartbeat, onChunk }: StreamOptions): Promise<void> {
  const silent = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    clearTimeout(timer);
    if (hasHeartbeat) timer = setTimeout(() => silent.abort(new LostError('silence')), silenceMs);
  };
  heard();
  try {
    const reply = await call(address, { signal: AbortSignal.any([signal, silent.signal]) });
    const reader = reply.body?.getReader();
    for (;;) {
      const { value, done } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done) return;
      heard();
      onChunk(value);
    }
  } catch (cause) {
    // `fetch` tells a broken line as a TypeError.
    if (cause instanceof TypeError) throw new LostError('The connection broke', { cause });
    throw cause;
  } finally {
    clearTimeout(timer);
  }
}

/** Calls back with every line of a stream of JSON lines; an empty line is a heartbeat. */
export async function readLines<T>(
  address: string,
  signal: AbortSignal,
  onLine: (line: T) => void,
): Promise<void> {
  let decoder = new TextDecoder();
  let rest = '';
  const begin = () => {
    decoder = new TextDecoder();
    rest = '';
    return address;
  };
  const onChunk = (chunk: Uint8Array) => {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') onLine(JSON.parse(line));
  };
  await readStream(begin, { signal, hasHeartbeat: true, onChunk });
}

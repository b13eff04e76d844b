import { followFile, readAvailable } from '../transport/follow-file.ts';
import { anySignal } from '../transport/signals.ts';

export interface LogStreamOptions {
  offset: number;
  /** Aborts when nothing will be appended any more. */
  ended: AbortSignal;
  signal: AbortSignal;
}

/** A log from `offset` to its end, waiting for more until `ended`. */
export async function* streamLog(
  path: string,
  { offset, ended, signal }: LogStreamOptions,
): AsyncGenerator<Buffer> {
  let at = offset;
  try {
    for await (const chunk of followFile(path, { offset, signal: anySignal(ended, signal) })) {
      at += chunk.length;
      yield chunk;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!ended.aborted) throw error;
  }
  yield* readAvailable(path, at);
}

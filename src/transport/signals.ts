import { setTimeout as sleep } from 'node:timers/promises';

/** One signal that aborts when any of those given does; undefined ones do not count. */
export function anySignal(...signals: (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined));
}

/**
 * Waits for the first of: the promise, the time, the signal. Leaves no timer behind.
 * @returns whether the promise came first.
 * @throws the signal's reason when it aborts first.
 */
export async function waitAtMost(promise: Promise<unknown>, milliseconds: number, signal?: AbortSignal) {
  const settled = new AbortController();
  const late = sleep(milliseconds, 'late' as const, { signal: anySignal(signal, settled.signal) });
  try {
    return (await Promise.race([promise.then(() => 'done' as const), late])) === 'done';
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    settled.abort();
    late.catch(() => {});
  }
}

/** The promise, or a rejection with the signal's reason as soon as it aborts, for work that knows no signals. */
export function abortable<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Node.js lets a combined signal hold its sources only weakly, so that a timeout nobody else holds is collected
 * and never fires (https://github.com/nodejs/node/issues/57736); this holds them as long as the combination lives.
 */
const sources = new WeakMap<AbortSignal, readonly AbortSignal[]>();

/** One signal that aborts when any of those given does; undefined ones do not count. */
export function anySignal(...signals: (AbortSignal | undefined)[]): AbortSignal {
  const given = signals.filter((signal) => signal !== undefined);
  const any = AbortSignal.any(given);
  sources.set(any, given);
  return any;
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
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Work that several may wait for, and that can be given up. */
export interface Task<T> {
  promise: Promise<T>;
  abort: AbortController;
}

export function task<T>(work: (signal: AbortSignal) => Promise<T>, whenDone: () => void): Task<T> {
  const abort = new AbortController();
  const promise = work(abort.signal).finally(whenDone);
  // Whoever waits is told; that nobody may wait is no mistake.
  promise.catch(() => {});
  return { promise, abort };
}

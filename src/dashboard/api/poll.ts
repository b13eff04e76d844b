import { useEffect, useState } from 'preact/hooks';
import { LostError } from './call.ts';
import { connection, untilRegained } from './connection.ts';

export interface Polled<T> {
  value: T | undefined;
  error: Error | undefined;
  /** Asks again at once. */
  refresh: () => void;
}

/** A value that is asked for again and again while the page is looked at; the last one stays while it is lost. */
export function usePolled<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  everyMs: number,
  dependencies: readonly unknown[] = [],
): Polled<T> {
  const [state, setState] = useState<{ value?: T; error?: Error | undefined }>({});
  const [round, setRound] = useState(0);
  useEffect(() => {
    const end = new AbortController();
    void poll(ask, everyMs, end.signal, setState);
    return () => end.abort();
  }, [...dependencies, round]);
  return { value: state.value, error: state.error, refresh: () => setRound((number) => number + 1) };
}

async function poll<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  everyMs: number,
  signal: AbortSignal,
  tell: (
    update: (state: { value?: T; error?: Error | undefined }) => { value?: T; error?: Error | undefined },
  ) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const value = await ask(signal);
      if (!signal.aborted) tell(() => ({ value, error: undefined }));
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof LostError) {
        await untilRegained();
        if (connection.value !== 'online') return;
        continue;
      }
      tell((state) => ({ ...state, error: error instanceof Error ? error : new Error(String(error)) }));
    }
    await untilWorthAsking(everyMs, signal);
  }
}

/** After a while, and not while nobody looks. */
async function untilWorthAsking(milliseconds: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  if (!document.hidden || signal.aborted) return;
  await new Promise<void>((resolve) => {
    document.addEventListener('visibilitychange', () => resolve(), { once: true, signal });
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

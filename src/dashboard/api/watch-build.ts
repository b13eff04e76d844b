import { useEffect, useState } from 'preact/hooks';
import type { BuilderStatusReply, BuildView } from '../../http/schemas.ts';
import { isFinished } from '../build-filter.ts';
import { api } from './api.ts';
import { connection } from './connection.ts';
import { readLines } from './stream.ts';

interface WatchLine {
  build: BuildView;
  builder: BuilderStatusReply;
}

export interface Watched {
  build: BuildView | undefined;
  builder: BuilderStatusReply | undefined;
  error: Error | undefined;
}

const againMs = 1000;

/** A build as it is now, until it has ended. */
export function useWatchedBuild(id: string): Watched {
  const [state, setState] = useState<Partial<Watched>>({});
  useEffect(() => {
    const end = new AbortController();
    watch(id, end.signal, ({ build, builder }) => setState({ build, builder })).catch((error: unknown) =>
      setState({ error: error instanceof Error ? error : new Error(String(error)) }),
    );
    return () => end.abort();
  }, [id]);
  return { build: state.build, builder: state.builder, error: state.error };
}

async function watch(id: string, signal: AbortSignal, onLine: (line: WatchLine) => void): Promise<void> {
  let isOver = false;
  while (!isOver && !signal.aborted && connection.value !== 'logged-out') {
    await readLines<WatchLine>(api.watchAddress(id), signal, (line) => {
      if (signal.aborted) return;
      isOver = isFinished(line.build);
      onLine(line);
    });
    // A server that goes away in good order ends the stream as if the build had ended.
    if (!isOver) await new Promise((resolve) => setTimeout(resolve, againMs));
  }
}

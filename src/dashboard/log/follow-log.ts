import { api } from '../api/api.ts';
import { connection } from '../api/connection.ts';
import { readStream } from '../api/stream.ts';
import { LogLines, type NewLines } from './log-lines.ts';

/** The news that a build has ended may come a little later than the end of its log. */
const againMs = 1000;

interface FollowLogOptions {
  id: string;
  signal: AbortSignal;
  isFinished: () => boolean;
  onLines: (lines: NewLines) => void;
}

/** A log from its first byte to the end of its build; every byte comes once, however often the server is lost. */
export async function followLog({ id, signal, isFinished, onLines }: FollowLogOptions): Promise<void> {
  const lines = new LogLines();
  const read = () =>
    readStream(() => api.logAddress(id, lines.offset, true), {
      signal,
      // A build may be silent for hours.
      hasHeartbeat: false,
      onChunk: (chunk) => onLines(lines.push(chunk)),
    });
  await read();
  // A server that goes away in good order ends the stream as if the build had ended.
  while (!signal.aborted && !isFinished() && connection.value !== 'logged-out') {
    await new Promise((resolve) => setTimeout(resolve, againMs));
    await read();
  }
}

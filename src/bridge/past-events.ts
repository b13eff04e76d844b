import { posix } from 'node:path';
import pRetry from 'p-retry';
import { NexusError } from '../errors.ts';
import type { Transport } from '../transport/transport.ts';
import { type BridgeEvent, parseLine } from './messages.ts';

/**
 * What the pipe has said of a build so far. Its end also stands in a file of its own, for when `pipe_out` has been
 * renewed.
 */
export async function pastEvents(
  transport: Transport,
  root: string,
  id: string,
  signal: AbortSignal,
): Promise<BridgeEvent[]> {
  const files = [posix.join(root, 'pipe_out'), posix.join(root, 'builds', id, 'finished')];
  const find = () => transport.run(['grep', '-ahsF', '-e', `"id":"${id}"`, '--', ...files], { signal });
  const { stdout } = await pRetry(find, {
    retries: Number.POSITIVE_INFINITY,
    maxTimeout: 5000,
    shouldRetry: ({ error }) => error instanceof NexusError && error.code === 'connection-lost',
    signal,
  });
  return stdout.split('\n').flatMap((line) => {
    const parsed = parseLine(line);
    return parsed.kind === 'event' && 'id' in parsed.event && parsed.event.id === id ? [parsed.event] : [];
  });
}

import { randomBytes } from 'node:crypto';
import type { StartedBuilder } from '../builders/builder.ts';
import { NexusError } from '../errors.ts';
import { anySignal } from '../transport/signals.ts';

/** How long the builder may take to end a cancelled build before we ask again. */
const cancelMs = 40_000;

/**
 * Ends a build on the builder: when this returns, none of its processes is left there, and none will start.
 * A build that the builder has ended already, or was never given, is no mistake.
 * @throws {NexusError} `pipe-timeout` when the builder does not say so.
 */
export async function endOnBuilder({ pipe }: StartedBuilder, id: string, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.timeout(cancelMs);
  const either = anySignal(signal, limit);
  // Each request has an id of its own: a second one with the same would not be run.
  const request = `cancel-${randomBytes(2).toString('hex')}-${id}`;
  const script = `# nexus-build: ${request}\n[ ! -e ../${id}/script ] || nexus-cancel ${id}\n`;
  try {
    const events = pipe.events(request, either);
    await pipe.send(request, script, either);
    for await (const event of events) {
      if (event.type !== 'finished') continue;
      if (event.result === 'success') return;
      throw notEnded(id, `its request ended with ${event.result}`);
    }
  } catch (error) {
    if (!limit.aborted || signal.aborted) throw error;
    throw notEnded(id, `it did not within ${cancelMs / 1000} s`);
  }
}

function notEnded(id: string, why: string): NexusError {
  return new NexusError('pipe-timeout', `The builder was to end build ${id}, but ${why}`);
}

import { setInterval } from 'node:timers/promises';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Garbage } from './gc.ts';

/** Collects garbage from time to time until the signal aborts; one that goes wrong is logged, and the next one tries. */
export async function collectAtIntervals(
  garbage: Garbage,
  intervalMs: number,
  signal: AbortSignal,
  logger: Logger,
): Promise<void> {
  try {
    for await (const _ of setInterval(intervalMs, undefined, { signal })) {
      const report = await garbage.collect(false).catch((error) => {
        logger.warn('Garbage could not be collected', { why: messageOf(error) });
      });
      for (const note of report?.notes ?? []) logger.debug('Garbage collection', { note });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

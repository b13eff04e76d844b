import { messageOf, NexusError } from '../errors.ts';
import { abortable, anySignal } from '../transport/signals.ts';
import type { StartOptions } from './builder.ts';

export interface ReadinessStep {
  /** What becomes true in this step, such as `SSH answers`. */
  description: string;
  /** What to do when it does not. */
  hint: string;
  limitMs: number;
  run(signal: AbortSignal, say: (detail: string) => void): Promise<void>;
}

/**
 * Takes the steps one after the other.
 * @throws {NexusError} the step's own error, or `not-ready` naming the step, how long it was given and the hint.
 */
export async function becomeReady(
  steps: readonly ReadinessStep[],
  { signal, onStep }: StartOptions,
): Promise<void> {
  for (const [index, step] of steps.entries()) {
    const news = { step: index + 1, of: steps.length, description: step.description };
    onStep(news);
    await take(step, signal, `step ${news.step} of ${news.of}`, (detail) => onStep({ ...news, detail }));
  }
}

async function take(step: ReadinessStep, signal: AbortSignal, which: string, say: (detail: string) => void) {
  const limit = AbortSignal.timeout(step.limitMs);
  try {
    const both = anySignal(signal, limit);
    // Raced as well, since not everything that a step calls listens to signals.
    await abortable(step.run(both, say), both);
  } catch (error) {
    signal.throwIfAborted();
    const failed = `The builder is not ready: ${which}, “${step.description}”`;
    if (error instanceof NexusError && !limit.aborted) {
      throw new NexusError(error.code, `${failed}: ${error.message}`, {
        hint: error.hint ?? step.hint,
        cause: error,
      });
    }
    const why = limit.aborted ? `not within ${step.limitMs / 1000} s` : messageOf(error);
    throw new NexusError('not-ready', `${failed}: ${why}`, { hint: step.hint, cause: error });
  }
}

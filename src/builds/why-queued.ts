import type { BuilderStatus } from '../builders/builder-life.ts';

/** What a queued build waits for, in plain words; nothing when it is about to begin. */
export function whyQueued(
  ahead: number | undefined,
  builder: Pick<BuilderStatus, 'state' | 'step'>,
): string | null {
  if (ahead === 1) return 'one build is ahead';
  if (ahead !== undefined && ahead > 1) return `${ahead} builds are ahead`;
  if (builder.state === 'preparing') return 'the builder is being prepared';
  if (builder.state === 'stopping') return 'the builder is stopping, and will be started again';
  if (builder.state !== 'starting') return null;
  const { step } = builder;
  return step
    ? `the builder is starting: step ${step.step} of ${step.of}, ${step.description}`
    : 'the builder is starting';
}

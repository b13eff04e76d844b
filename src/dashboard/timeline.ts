import type { BuildState } from '../builds/build.ts';
import type { ShownBuild } from './api/shown-build.ts';

export interface TimelineStep {
  title: string;
  state: 'done' | 'now' | 'later' | 'bad';
  at: string | null;
}

/** A phase that was seen to begin. */
export interface SeenPhase {
  phase: string;
  at: string;
}

const order: readonly BuildState[] = ['queued', 'preparing', 'building', 'collecting', 'succeeded'];

/** The way of a build: what lies behind it, what it does, and what is to come. */
export function timelineOf(build: ShownBuild, phases: readonly SeenPhase[]): TimelineStep[] {
  const { state, createdAt, startedAt, finishedAt } = build;
  const has = (reached: BuildState) => order.indexOf(state) > order.indexOf(reached);
  const isOver = finishedAt !== null;
  const stateOf = (step: BuildState): TimelineStep['state'] =>
    state === step ? 'now' : has(step) || isOver ? 'done' : 'later';
  const steps: TimelineStep[] = [
    { title: 'Accepted', state: state === 'queued' ? 'now' : 'done', at: createdAt },
    ...(startedAt || !isOver
      ? [{ title: 'Started', state: startedAt ? ('done' as const) : ('later' as const), at: startedAt }]
      : []),
  ];
  for (const { phase, at } of phases) steps.push({ title: sentence(phase), state: 'done', at });
  if (!isOver) {
    if (phases.length === 0 || state !== 'building') {
      if (state === 'preparing') steps.push({ title: 'Builder made ready', state: 'now', at: null });
      else steps.push({ title: 'Built', state: stateOf('building'), at: null });
    } else markLast(steps);
    steps.push({ title: 'Fetched and checked', state: stateOf('collecting'), at: null });
    return steps;
  }
  return [...steps, { title: endOf(state), state: state === 'succeeded' ? 'done' : 'bad', at: finishedAt }];
}

function markLast(steps: TimelineStep[]): void {
  const last = steps.at(-1);
  if (last) last.state = 'now';
}

function endOf(state: BuildState): string {
  if (state === 'succeeded') return 'Succeeded';
  return state === 'failed' ? 'Failed' : 'Cancelled';
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

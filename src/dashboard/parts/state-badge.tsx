import type { BuildState } from '../../builds/build.ts';
import { Icon, type IconName } from './icon.tsx';

interface StateLook {
  label: string;
  tone: 'calm' | 'live' | 'good' | 'bad' | 'quiet';
  icon: IconName | null;
}

const looks: Record<BuildState, StateLook> = {
  queued: { label: 'Waiting', tone: 'calm', icon: 'clock' },
  preparing: { label: 'Preparing', tone: 'live', icon: null },
  building: { label: 'Building', tone: 'live', icon: null },
  collecting: { label: 'Fetching', tone: 'live', icon: null },
  succeeded: { label: 'Succeeded', tone: 'good', icon: 'check' },
  failed: { label: 'Failed', tone: 'bad', icon: 'cross' },
  cancelled: { label: 'Cancelled', tone: 'quiet', icon: 'dash' },
};

export const stateLabel = (state: BuildState) => looks[state].label;

export function StateBadge({ state }: { state: BuildState }) {
  const { label, tone, icon } = looks[state];
  return (
    <span class={`badge tone-${tone}`} data-state={state}>
      {icon ? <Icon name={icon} /> : <span class="pulse" />}
      {label}
    </span>
  );
}

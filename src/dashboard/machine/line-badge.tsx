import type { LineState } from './keep-connected.ts';

const looks: Record<LineState, { label: string; tone: string; isUnderWay?: true }> = {
  connecting: { label: 'Connecting', tone: 'live', isUnderWay: true },
  connected: { label: 'Live', tone: 'good' },
  lost: { label: 'Lost, connecting again', tone: 'bad', isUnderWay: true },
  refused: { label: 'Not live', tone: 'quiet' },
  ended: { label: 'Ended', tone: 'quiet' },
};

/** How it stands with the line to a machine. */
export function LineBadge({ state }: { state: LineState }) {
  const { label, tone, isUnderWay } = looks[state];
  return (
    <span role="status" class={`badge tone-${tone}`} data-line={state}>
      {isUnderWay ? <span class="pulse" /> : <span class={`dot tone-${tone}`} />}
      {label}
    </span>
  );
}

import { formatBytes, formatDuration } from '../amounts.ts';
import type { BuildView } from '../http/schemas.ts';
import type { Progress } from '../progress/schema.ts';

export interface ShownProgress {
  /** From 0 to 1; nothing when nobody knows. */
  share: number | null;
  text: string;
  /** When it will be done, or why nothing seems to happen. */
  more: string | null;
}

/** What a build does now, for people; nothing before its beginning and after its end. */
export function buildProgress(build: BuildView): ShownProgress | null {
  if (build.cancelling && !build.finishedAt) return { share: null, text: 'Cancelling', more: null };
  switch (build.state) {
    case 'queued':
      return build.waiting ? { share: null, text: build.waiting, more: null } : null;
    case 'preparing':
      return { share: null, text: build.waiting ?? 'Waiting for the builder', more: null };
    case 'building':
      return build.progress ? nixProgress(build.progress) : ofPhase(build.phase ?? 'building');
    case 'collecting':
      return fetchProgress(build);
    default:
      return null;
  }
}

/** Derivations count most, since they take longest; what is to be fetched counts until there are some. */
function nixProgress({ stage, derivations, bytes, eta, note, running }: Progress): ShownProgress {
  const more = note ?? (eta && `${formatEta(eta)} left`);
  if (derivations.total > 0 && stage !== 'fetching') {
    const now = running[0]?.name;
    const text = `${sentence(stage)}: ${derivations.done} of ${derivations.total}${now ? `, now ${now}` : ''}`;
    return { share: derivations.done / derivations.total, text, more };
  }
  if (bytes.total > 0) {
    const text = `Fetching: ${formatBytes(bytes.done)} of ${formatBytes(bytes.total)}`;
    return { share: bytes.done / bytes.total, text, more };
  }
  return { ...ofPhase(stage), more };
}

/** `2 min to 5 min`, or one figure when both ends are the same to people. */
export function formatEta({ low, high }: { low: number; high: number }): string {
  const [least, most] = [roughly(low), roughly(high)];
  return least === most ? `about ${most}` : `${least} to ${most}`;
}

/** Nobody wants the seconds of an hour. */
function roughly(seconds: number): string {
  if (seconds < 60) return `${Math.max(10, Math.round(seconds / 10) * 10)} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return formatDuration(Math.round(seconds / 600) * 600_000);
}

function fetchProgress({ artifacts, fetched }: BuildView): ShownProgress {
  const all = artifacts.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    share: all === 0 ? null : fetched / all,
    text: `Fetching: ${formatBytes(fetched)} of ${formatBytes(all)}`,
    more: null,
  };
}

const ofPhase = (phase: string): ShownProgress => ({ share: null, text: sentence(phase), more: null });
const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

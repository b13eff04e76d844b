import { formatBytes, formatDuration } from '../../amounts.ts';
import type { BuilderStatusReply, BuildView } from '../../http/schemas.ts';
import type { Progress } from '../../progress/schema.ts';
import { buildProgress } from '../build-progress.ts';
import { ProgressBar } from './progress-bar.tsx';

interface NowCardProps {
  build: BuildView;
  builder: BuilderStatusReply | undefined;
}

/** What happens now; nothing when nothing does any more. */
export function NowCard({ build, builder }: NowCardProps) {
  const progress = buildProgress(build);
  if (build.state === 'queued' && !progress) {
    return (
      <section class="card now" aria-label="Now">
        <p class="now-text">{build.waiting ? `It waits: ${build.waiting}` : 'It waits for its turn.'}</p>
      </section>
    );
  }
  if (!progress) return null;
  const step = build.state === 'preparing' ? builder?.step : null;
  return (
    <section class="card now" aria-label="Now">
      <p class="now-text">
        <span>{step ? `${step.description}: step ${step.step} of ${step.of}` : progress.text}</span>
        {progress.more && <span class="muted">{progress.more}</span>}
      </p>
      <ProgressBar label="Progress" share={step ? (step.step - 1) / step.of : progress.share} />
      {step?.detail && <p class="muted mono">{step.detail}</p>}
      {build.state === 'building' && build.progress && <NixNow progress={build.progress} />}
    </section>
  );
}

function NixNow({ progress: { running, bytes, paths, derivations } }: { progress: Progress }) {
  return (
    <>
      <p class="build-facts">
        {derivations.total > 0 && (
          <span>
            {derivations.done} of {derivations.total} derivations built
          </span>
        )}
        {paths.total > 0 && (
          <span>
            {paths.done} of {paths.total} paths fetched, {formatBytes(bytes.done)} of{' '}
            {formatBytes(bytes.total)}
          </span>
        )}
      </p>
      <ul class="running">
        {running.slice(0, 4).map(({ name, phase, seconds }) => (
          <li key={name}>
            <span class="pulse" />
            <span class="mono">{name}</span>
            <span class="muted">
              {[phase, seconds === null ? null : formatDuration(seconds * 1000)].filter(Boolean).join(', ')}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

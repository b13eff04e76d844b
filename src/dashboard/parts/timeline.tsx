import { formatClock, formatMoment } from '../format.ts';
import type { TimelineStep } from '../timeline.ts';

const classes = { done: 'done', now: 'now-step', later: 'later', bad: 'bad' } as const;
const spoken = { done: 'done', now: 'under way', later: 'to come', bad: 'the end' } as const;

export function Timeline({ steps }: { steps: readonly TimelineStep[] }) {
  return (
    <section class="card pane" aria-labelledby="timeline-title">
      <h2 id="timeline-title">Timeline</h2>
      <ol class="timeline">
        {steps.map(({ title, detail, state, at }) => (
          <li
            key={`${title} ${at}`}
            class={classes[state]}
            aria-current={state === 'now' ? 'step' : undefined}
          >
            <span class="mark" />
            <span>
              {title} <span class="visually-hidden">({spoken[state]})</span>
              {detail && <span class="detail">{detail}</span>}
            </span>
            {at && (
              <time dateTime={at} title={formatMoment(at)}>
                {formatClock(at)}
              </time>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}

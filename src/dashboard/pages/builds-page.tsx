import { useState } from 'preact/hooks';
import type { BuildView } from '../../http/schemas.ts';
import { plainText } from '../../terminal-text.ts';
import { api } from '../api/api.ts';
import { usePolled } from '../api/poll.ts';
import { type BuildFilter, filters } from '../build-filter.ts';
import { buildProgress } from '../build-progress.ts';
import { ErrorBox } from '../parts/error-box.tsx';
import { Icon } from '../parts/icon.tsx';
import { Pager } from '../parts/pager.tsx';
import { ProgressBar } from '../parts/progress-bar.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { Age, Elapsed } from '../parts/time.tsx';
import { useTitle } from '../parts/title.ts';
import { summaryOf } from '../request-summary.ts';
import { buildAddress } from '../router.ts';

const pollMs = 1500;
const perPage = 20;

/** All builds, newest first. */
export function BuildsPage() {
  useTitle('Builds');
  const [filter, setFilter] = useState<BuildFilter>('all');
  const [text, setText] = useState('');
  // Where each page began on the way to this one.
  const [way, setWay] = useState<readonly string[]>([]);
  const query = { limit: perPage, before: way.at(-1), state: filters[filter].states, text };
  const { value, error } = usePolled((signal) => api.builds(query, signal), pollMs, [
    filter,
    text,
    way.at(-1),
  ]);
  const isEverything = filter === 'all' && text.trim() === '' && way.length === 0;
  return (
    <>
      <div class="page-head">
        <h1>Builds</h1>
      </div>
      {error && <ErrorBox title="The builds cannot be listed" error={error} />}
      {value?.builds.length === 0 && isEverything ? (
        <NoBuilds />
      ) : (
        <>
          <Filters
            filter={filter}
            text={text}
            change={(filter, text) => {
              setFilter(filter);
              setText(text);
              setWay([]);
            }}
          />
          {value?.builds.length === 0 && (
            <p class="empty muted" role="status">
              No build matches.
            </p>
          )}
          <ul class="build-list">
            {value?.builds.map((build) => (
              <BuildRow key={build.id} build={build} />
            ))}
          </ul>
          <Pager
            newer={way.length > 0 ? () => setWay(way.slice(0, -1)) : undefined}
            older={value?.next ? () => setWay([...way, value.next ?? '']) : undefined}
          />
        </>
      )}
    </>
  );
}

interface FiltersProps {
  filter: BuildFilter;
  text: string;
  change: (filter: BuildFilter, text: string) => void;
}

function Filters({ filter, text, change }: FiltersProps) {
  return (
    <div class="filters">
      <fieldset class="segments">
        <legend class="visually-hidden">Which builds</legend>
        {(Object.keys(filters) as BuildFilter[]).map((name) => (
          <label key={name}>
            <input type="radio" name="filter" checked={filter === name} onChange={() => change(name, text)} />
            <span>{filters[name].label}</span>
          </label>
        ))}
      </fieldset>
      <div class="field-with-icon">
        <Icon name="search" />
        <input
          type="search"
          aria-label="Name or id"
          placeholder="Name or id"
          value={text}
          onInput={(event) => change(filter, event.currentTarget.value)}
        />
      </div>
    </div>
  );
}

function BuildRow({ build }: { build: BuildView }) {
  const { id, request, state, startedAt, finishedAt, createdAt, error } = build;
  const progress = buildProgress(build);
  const tags = summaryOf(request);
  return (
    <li class="card build-row">
      <StateBadge state={state} />
      <div class="build-name">
        <a href={buildAddress(id)}>{request.name}</a>
        <span class="muted mono">{id}</span>
      </div>
      <ul class="tags" aria-label="What is built">
        {tags.map((tag) => (
          <li key={tag}>{tag}</li>
        ))}
      </ul>
      <div class="build-times">
        <Age at={createdAt} />
        {startedAt && <Elapsed from={startedAt} to={finishedAt} />}
      </div>
      {progress && (
        <div class="build-progress">
          <ProgressBar label={`Progress of ${request.name}`} share={progress.share} />
          <span class="muted">{progress.text}</span>
        </div>
      )}
      {state === 'failed' && error && <p class="build-error">{plainText(error.message).split('\n')[0]}</p>}
    </li>
  );
}

function NoBuilds() {
  return (
    <section class="card empty">
      <h2>Nothing has been built yet</h2>
      <p class="muted">Drop a configuration.nix, and get an image that boots.</p>
      <a class="button primary" href="/new">
        <Icon name="plus" /> New build
      </a>
      <p class="muted">
        Or on the command line: <code>nexus build examples/hello-iso</code>
      </p>
    </section>
  );
}

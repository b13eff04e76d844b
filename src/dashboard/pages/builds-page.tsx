import { useState } from 'preact/hooks';
import type { Build } from '../../builds/build.ts';
import { api } from '../api/api.ts';
import { usePolled } from '../api/poll.ts';
import { type BuildFilter, filters } from '../build-filter.ts';
import { buildProgress } from '../build-progress.ts';
import { plainText } from '../log/ansi.ts';
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
  const [page, setPage] = useState(0);
  const { value } = usePolled((signal) => api.builds(signal), pollMs);
  const all = value?.builds ?? [];
  const shown = all.filter((build) => filters[filter].takes(build) && isNamed(build, text));
  const pages = Math.max(1, Math.ceil(shown.length / perPage));
  const at = Math.min(page, pages - 1);
  return (
    <>
      <div class="page-head">
        <h1>Builds</h1>
        <p class="muted" role="status">
          {value && countOf(all)}
        </p>
      </div>
      {value && all.length === 0 ? (
        <NoBuilds />
      ) : (
        <>
          <div class="filters">
            <fieldset class="segments">
              <legend class="visually-hidden">Which builds</legend>
              {(Object.keys(filters) as BuildFilter[]).map((name) => (
                <label key={name}>
                  <input
                    type="radio"
                    name="filter"
                    checked={filter === name}
                    onChange={() => setFilter(name)}
                  />
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
                onInput={(event) => setText(event.currentTarget.value)}
              />
            </div>
          </div>
          {value && shown.length === 0 && <p class="empty muted">No build matches.</p>}
          <ul class="build-list">
            {shown.slice(at * perPage, (at + 1) * perPage).map((build) => (
              <BuildRow key={build.id} build={build} />
            ))}
          </ul>
          <Pager page={at} pages={pages} go={setPage} />
        </>
      )}
    </>
  );
}

function BuildRow({ build }: { build: Build }) {
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

function isNamed({ id, request }: Build, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  return request.name.toLowerCase().includes(wanted) || id.includes(wanted);
}

function countOf(builds: readonly Build[]): string {
  const live = builds.filter(filters.live.takes).length;
  const all = `${builds.length} ${builds.length === 1 ? 'build' : 'builds'}`;
  return live === 0 ? all : `${all}, ${live} under way`;
}

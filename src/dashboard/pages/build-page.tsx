import type { BuildView } from '../../http/schemas.ts';
import { useEvents } from '../api/events.ts';
import { useWatchedBuild } from '../api/watch-build.ts';
import { isFinished } from '../build-filter.ts';
import { LogPanel } from '../log/log-panel.tsx';
import { Artifacts } from '../parts/artifacts.tsx';
import { BootCard } from '../parts/boot-card.tsx';
import { BuildActions } from '../parts/build-actions.tsx';
import { ErrorBox } from '../parts/error-box.tsx';
import { Icon } from '../parts/icon.tsx';
import { NowCard } from '../parts/now-card.tsx';
import { RequestCard } from '../parts/request-card.tsx';
import { StateBadge, stateLabel } from '../parts/state-badge.tsx';
import { Age, Elapsed } from '../parts/time.tsx';
import { Timeline } from '../parts/timeline.tsx';
import { useTitle } from '../parts/title.ts';
import { summaryOf } from '../request-summary.ts';
import { reused } from '../router.ts';
import { timelineOf } from '../timeline.ts';

/** One build: what it does or how it ended, what it made, its log, and what was asked for. */
export function BuildPage({ id }: { id: string }) {
  const { build, builder, error } = useWatchedBuild(id);
  const events = useEvents(build);
  useTitle(build ? `${build.request.name}: ${stateLabel(build.state)}` : id);
  if (error) {
    return (
      <>
        <Crumb />
        <h1 class="visually-hidden">Build {id}</h1>
        <ErrorBox title="This build cannot be shown" error={error} />
      </>
    );
  }
  if (!build) return <h1 class="visually-hidden">Build {id}</h1>;
  return (
    <>
      <Crumb />
      <Head build={build} />
      <div class="build-columns">
        <div>
          {location.search === reused && <ReusedNote />}
          {build.state === 'failed' && build.error && (
            <ErrorBox title="The build failed" error={withId(build.error, id)} />
          )}
          <NowCard build={build} builder={builder} />
          <Artifacts build={build} />
          <BootCard build={build} />
          <LogPanel id={id} isFinished={isFinished(build)} />
        </div>
        <div>
          <Timeline steps={timelineOf(build, events)} />
          <RequestCard build={build} />
        </div>
      </div>
    </>
  );
}

function Crumb() {
  return (
    <a class="crumb" href="/">
      <Icon name="left" /> Builds
    </a>
  );
}

function Head({ build }: { build: BuildView }) {
  const { id, request, state, createdAt, startedAt, finishedAt } = build;
  return (
    <header class="build-head">
      <div>
        <div class="build-title">
          <h1>{request.name}</h1>
          <div role="status">
            <StateBadge state={state} />
          </div>
        </div>
        <div class="build-facts">
          <span class="mono">{id}</span>
          <span>{summaryOf(request).join(', ')}</span>
          <Age at={createdAt} />
          {startedAt && <Elapsed from={startedAt} to={finishedAt} />}
        </div>
      </div>
      <BuildActions build={build} />
    </header>
  );
}

function ReusedNote() {
  return (
    <section class="card now" role="status">
      <p>
        The same was built before, and this is its result. <strong>Build again</strong> builds it anew.
      </p>
    </section>
  );
}

/** Advice that the command line gives in a folder needs the id elsewhere. */
function withId({ message, hint }: { message: string; hint?: string | undefined }, id: string) {
  return { message, hint: hint?.replace(/nexus logs$/, `nexus logs ${id}`) };
}

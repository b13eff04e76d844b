import { useState } from 'preact/hooks';
import { messageOf } from '../../errors.ts';
import { api } from '../api/api.ts';
import { useEvents } from '../api/events.ts';
import type { ShownBuild } from '../api/shown-build.ts';
import { useWatchedBuild } from '../api/watch-build.ts';
import { isFinished } from '../build-filter.ts';
import { LogPanel } from '../log/log-panel.tsx';
import { Artifacts } from '../parts/artifacts.tsx';
import { ConfirmButton } from '../parts/confirm-button.tsx';
import { ErrorBox } from '../parts/error-box.tsx';
import { Icon } from '../parts/icon.tsx';
import { NowCard } from '../parts/now-card.tsx';
import { RequestCard } from '../parts/request-card.tsx';
import { StateBadge, stateLabel } from '../parts/state-badge.tsx';
import { Age, Elapsed } from '../parts/time.tsx';
import { Timeline } from '../parts/timeline.tsx';
import { useTitle } from '../parts/title.ts';
import { summaryOf } from '../request-summary.ts';
import { buildAddress, goTo } from '../router.ts';
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
          {build.state === 'failed' && build.error && (
            <ErrorBox title="The build failed" error={withId(build.error, id)} />
          )}
          <NowCard build={build} builder={builder} />
          <Artifacts build={build} />
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

function Head({ build }: { build: ShownBuild }) {
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
      <Actions build={build} />
    </header>
  );
}

function Actions({ build }: { build: ShownBuild }) {
  const { id, request } = build;
  const [problem, setProblem] = useState<string>();
  const again = async () => {
    try {
      goTo(buildAddress((await api.submit(request)).id));
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  return (
    <div>
      <div class="actions">
        {!isFinished(build) && (
          <ConfirmButton
            icon="stop"
            label="Cancel"
            question={`Cancel the build of ${request.name}? What Nix has finished so far is kept for the next one.`}
            answer="Cancel the build"
            act={() => api.cancel(id)}
          />
        )}
        <a class="button" href={`/new?from=${encodeURIComponent(id)}`}>
          <Icon name="edit" /> Change
        </a>
        <button type="button" class="button" onClick={again}>
          <Icon name="again" /> Build again
        </button>
      </div>
      <p class="problem" role="alert">
        {problem}
      </p>
    </div>
  );
}

/** Advice that the command line gives in a folder needs the id elsewhere. */
function withId({ message, hint }: { message: string; hint?: string | undefined }, id: string) {
  return { message, hint: hint?.replace(/nexus logs$/, `nexus logs ${id}`) };
}

import { useEffect, useState } from 'preact/hooks';
import { messageOf } from '../../errors.ts';
import type { BuildView } from '../../http/schemas.ts';
import { api } from '../api/api.ts';
import { isFinished } from '../build-filter.ts';
import { buildAddress, goTo } from '../router.ts';
import { ConfirmButton } from './confirm-button.tsx';
import { Icon } from './icon.tsx';

/** All that can be done with a build. */
export function BuildActions({ build }: { build: BuildView }) {
  const { id, request } = build;
  const [problem, setProblem] = useState<string>();
  const again = async () => {
    try {
      goTo(buildAddress((await api.submit({ ...request, rebuild: true })).id));
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  return (
    <div>
      <div class="actions">
        {isFinished(build) ? (
          <>
            <PinButton id={id} say={setProblem} />
            <DeleteButton build={build} />
          </>
        ) : (
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

/** Keeps a build from being removed with the garbage; only a single build says whether it is. */
function PinButton({ id, say }: { id: string; say: (problem: string) => void }) {
  const [isPinned, setPinned] = useState<boolean>();
  useEffect(() => {
    api
      .build(id)
      .then(({ pinned }) => setPinned(pinned === true))
      .catch((error) => say(messageOf(error)));
  }, [id]);
  const toggle = async () => {
    try {
      setPinned((await api.pin(id, !isPinned)).pinned);
    } catch (error) {
      say(messageOf(error));
    }
  };
  return (
    <button
      type="button"
      class="button"
      title="What is pinned is never removed as garbage"
      aria-pressed={isPinned === true}
      disabled={isPinned === undefined}
      onClick={toggle}
    >
      <Icon name="pin" /> {isPinned ? 'Pinned' : 'Pin'}
    </button>
  );
}

function DeleteButton({ build: { id, request, artifacts } }: { build: BuildView }) {
  const [withArtifacts, setWithArtifacts] = useState(false);
  return (
    <ConfirmButton
      icon="trash"
      label="Delete"
      question={`Delete the record and the log of ${request.name}?`}
      answer="Delete the build"
      act={async () => {
        await api.remove(id, withArtifacts);
        goTo('/');
      }}
    >
      {artifacts.length > 0 && (
        <label class="check">
          <input
            type="checkbox"
            checked={withArtifacts}
            onChange={(event) => setWithArtifacts(event.currentTarget.checked)}
          />
          Its artifacts, too: {artifacts.map(({ name }) => name).join(', ')}
        </label>
      )}
    </ConfirmButton>
  );
}

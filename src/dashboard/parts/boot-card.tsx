import { useEffect, useState } from 'preact/hooks';
import { formatDuration } from '../../amounts.ts';
import { formatOf } from '../../boot/image-format.ts';
import type { BootCheck, LiveBoot } from '../../builds/boot-records.ts';
import { messageOf } from '../../errors.ts';
import type { BuildView } from '../../http/schemas.ts';
import { api } from '../api/api.ts';
import { usePolled } from '../api/poll.ts';
import { Icon, type IconName } from './icon.tsx';

const pollMs = 2000;

/** Whether the image of a build boots, and the image itself while it does. */
export function BootCard({ build }: { build: BuildView }) {
  const isBootable = build.artifacts.some(({ name }) => formatOf(name) !== undefined);
  return build.state === 'succeeded' && isBootable ? <Boot id={build.id} /> : null;
}

function Boot({ id }: { id: string }) {
  const check = usePolled(() => api.bootCheck(id), pollMs, [id]);
  const boots = usePolled(api.boots, pollMs, [id]);
  const [problem, setProblem] = useState<string>();
  const running = boots.value?.boots.find(({ build, ended }) => build === id && ended === null);
  const isChecking = check.value !== undefined && check.value !== null && check.value.state !== 'done';
  const act = (what: () => Promise<unknown>) => async () => {
    setProblem(undefined);
    try {
      await what();
      check.refresh();
      boots.refresh();
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  return (
    <section class="card pane" aria-labelledby="boot-title">
      <div class="artifact-head">
        <h2 id="boot-title">Boot</h2>
        <div class="actions">
          <button type="button" class="button" disabled={isChecking} onClick={act(() => api.checkBoot(id))}>
            <Icon name="check" /> Check that it boots
          </button>
          {running ? (
            <button type="button" class="button" onClick={act(() => api.endBoot(running.id))}>
              <Icon name="stop" /> End the machine
            </button>
          ) : (
            <button type="button" class="button" onClick={act(() => api.boot(id))}>
              <Icon name="play" /> See it boot
            </button>
          )}
        </div>
      </div>
      <p class="problem" role="alert">
        {problem}
      </p>
      {running && <LiveScreen boot={running} />}
      {check.value && <Verdict id={id} check={check.value} />}
      {!running && check.value === null && (
        <p class="muted">
          A throw-away copy starts in a virtual machine of its own; the image stays as it is.
        </p>
      )}
    </section>
  );
}

const looks: Record<NonNullable<BootCheck['verdict']>, { label: string; tone: string; icon: IconName }> = {
  booted: { label: 'Boots', tone: 'good', icon: 'check' },
  failed: { label: 'Does not boot', tone: 'bad', icon: 'cross' },
  unclear: { label: 'Not clear', tone: 'calm', icon: 'info' },
};

function Verdict({
  id,
  check: { state, verdict, why, seconds, screenshot },
}: {
  id: string;
  check: BootCheck;
}) {
  if (state !== 'done' || verdict === null) {
    return (
      <p role="status">
        {state === 'waiting'
          ? 'Another image is being checked first.'
          : 'A copy is booting; it may take some minutes.'}
      </p>
    );
  }
  const { label, tone, icon } = looks[verdict];
  return (
    <>
      <p role="status" class="boot-verdict">
        <span class={`badge tone-${tone}`}>
          <Icon name={icon} />
          {label}
        </span>
        <span>
          {why}
          {seconds !== null && `, after ${formatDuration(seconds * 1000)}`}
        </span>
      </p>
      {screenshot && (
        <img class="boot-screen" src={api.bootCheckScreen(id)} alt="The screen at the end of the check" />
      )}
      <p>
        <a href={api.bootCheckConsole(id)}>What it printed on its serial console</a>
      </p>
    </>
  );
}

/** The next picture is asked for when the last one is here, so a slow line shows fewer and is never behind. */
function LiveScreen({ boot }: { boot: LiveBoot }) {
  const [number, setNumber] = useState(0);
  const [isLoaded, setLoaded] = useState(false);
  useEffect(() => {
    if (!isLoaded) return;
    const next = setTimeout(() => {
      setLoaded(false);
      setNumber((last) => last + 1);
    }, 700);
    return () => clearTimeout(next);
  }, [isLoaded]);
  const loaded = () => setLoaded(true);
  return (
    <>
      <img
        class="boot-screen"
        src={api.bootScreen(boot.id, number)}
        alt={`The screen of ${boot.artifact}, as it is now`}
        onLoad={loaded}
        onError={loaded}
      />
      <p class="muted">
        {boot.artifact} by {boot.firmware === 'uefi' ? 'UEFI' : 'BIOS'}. To type on its serial console:{' '}
        <span class="mono">nexus boot</span>
      </p>
    </>
  );
}

import { useState } from 'preact/hooks';
import { formatDuration } from '../../amounts.ts';
import { formatOf } from '../../boot/image-format.ts';
import type { BootChoices } from '../../builds/boot-order.ts';
import type { BootCheck } from '../../builds/boot-records.ts';
import { messageOf } from '../../errors.ts';
import type { BuildView } from '../../http/schemas.ts';
import { api } from '../api/api.ts';
import { usePolled } from '../api/poll.ts';
import { BootChoiceFields } from './boot-choices.tsx';
import { Icon, type IconName } from './icon.tsx';
import { LazyMachine } from './lazy-machine.tsx';

const pollMs = 2000;

/** Whether the image of a build boots, and the image itself while it does. */
export function BootCard({ build }: { build: BuildView }) {
  const images = build.artifacts.map(({ name }) => name).filter((name) => formatOf(name) !== undefined);
  return build.state === 'succeeded' && images.length > 0 ? <Boot id={build.id} images={images} /> : null;
}

function Boot({ id, images }: { id: string; images: readonly string[] }) {
  const check = usePolled(() => api.bootCheck(id), pollMs, [id]);
  const boots = usePolled(api.boots, pollMs, [id]);
  const [problem, setProblem] = useState<string>();
  const [choices, setChoices] = useState<BootChoices>({});
  // The one that was started last, also when it has ended: how it did so is worth seeing.
  const machine = boots.value?.boots.filter(({ build }) => build === id).at(-1);
  const isRunning = machine?.ended === null;
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
          {machine && !isRunning && (
            <button type="button" class="button" onClick={act(() => api.endBoot(machine.id))}>
              <Icon name="cross" /> Clear away
            </button>
          )}
          {machine && isRunning ? (
            <button type="button" class="button" onClick={act(() => api.endBoot(machine.id))}>
              <Icon name="stop" /> End the machine
            </button>
          ) : (
            <button type="button" class="button" onClick={act(() => bootAnew(id, choices, machine?.id))}>
              <Icon name="play" /> See it boot
            </button>
          )}
        </div>
      </div>
      <p class="problem" role="alert">
        {problem}
      </p>
      {machine && <LazyMachine key={machine.id} boot={machine} />}
      {check.value && <Verdict id={id} check={check.value} />}
      {!isRunning && <BootChoiceFields images={images} choices={choices} choose={setChoices} />}
      {!machine && check.value === null && (
        <p class="muted">
          A throw-away copy starts in a virtual machine of its own; the image stays as it is.
        </p>
      )}
    </section>
  );
}

/** What is left of an earlier machine makes room. */
async function bootAnew(id: string, choices: BootChoices, earlier: string | undefined): Promise<void> {
  if (earlier !== undefined) await api.endBoot(earlier);
  await api.boot(id, choices);
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

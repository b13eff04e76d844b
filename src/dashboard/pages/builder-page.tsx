import { useState } from 'preact/hooks';
import { formatBytes } from '../../amounts.ts';
import { messageOf } from '../../errors.ts';
import type { BuilderStatusReply } from '../../http/schemas.ts';
import { api } from '../api/api.ts';
import { usePolled } from '../api/poll.ts';
import { builderLook } from '../builder-look.ts';
import { ConfirmButton } from '../parts/confirm-button.tsx';
import { ConsolePanel } from '../parts/console-panel.tsx';
import { ErrorBox } from '../parts/error-box.tsx';
import { Icon } from '../parts/icon.tsx';
import { ProgressBar } from '../parts/progress-bar.tsx';
import { useTitle } from '../parts/title.ts';

const pollMs = 1000;

/** The machine that builds: how it is, what it has, and what it prints. */
export function BuilderPage() {
  useTitle('Builder');
  const { value: status, refresh } = usePolled(api.builder, pollMs);
  if (!status) return <h1>Builder</h1>;
  return (
    <>
      <header class="build-head">
        <div class="build-title">
          <h1>Builder</h1>
          <div role="status">
            <BuilderBadge status={status} />
          </div>
        </div>
        <Actions status={status} refresh={refresh} />
      </header>
      <div class="builder-cards">
        {status.error && <ErrorBox title="It did not start" error={status.error} />}
        <Now status={status} />
        <Machine status={status} />
        <ConsolePanel isRunning={status.machine !== null} />
      </div>
    </>
  );
}

function BuilderBadge({ status: { state } }: { status: BuilderStatusReply }) {
  const { label, tone } = builderLook[state];
  return (
    <span class={`badge tone-${tone}`}>
      {tone === 'live' ? <span class="pulse" /> : <span class={`dot tone-${tone}`} />}
      {label}
    </span>
  );
}

function Actions({ status: { state }, refresh }: { status: BuilderStatusReply; refresh: () => void }) {
  const [problem, setProblem] = useState<string>();
  const isDown = state === 'absent' || state === 'lost';
  const start = async (what: 'start' | 'image') => {
    try {
      await api.builderDo(what);
      refresh();
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  return (
    <div>
      <div class="actions">
        <button type="button" class="button" disabled={!isDown} onClick={() => start('image')}>
          <Icon name="disk" /> Prepare
        </button>
        <button type="button" class="button" disabled={!isDown} onClick={() => start('start')}>
          <Icon name="play" /> Start
        </button>
        <ConfirmButton
          icon="stop"
          label="Stop"
          question="Stop the builder? Builds that run or wait are cancelled, and it is powered down cleanly."
          answer="Stop the builder"
          disabled={isDown || state === 'stopping'}
          act={async () => {
            await api.builderDo('stop');
            refresh();
          }}
        />
      </div>
      <p class="problem" role="alert">
        {problem}
      </p>
    </div>
  );
}

function Now({ status: { state, step } }: { status: BuilderStatusReply }) {
  return (
    <section class="card now" aria-label="Now">
      <p class="now-text">
        <span>{step ? step.description : builderLook[state].meaning}</span>
        {step && (
          <span class="muted">
            Step {step.step} of {step.of}
          </span>
        )}
      </p>
      {step && <ProgressBar label="Start of the builder" share={(step.step - 1) / step.of} />}
      {step?.detail && <p class="muted mono">{step.detail}</p>}
    </section>
  );
}

const kinds = {
  'docker-vm': 'NixOS VM in a container',
  'this-machine': 'This machine itself',
} as const;

function Machine({ status: { kind, machine } }: { status: BuilderStatusReply }) {
  const facts: [term: string, value: string][] = [
    ['Kind', kind === null ? 'Chosen at its start' : kinds[kind]],
    ...(machine
      ? ([
          ['System', machine.system],
          ['Cores', String(machine.cores)],
          ['Memory', formatBytes(machine.memory)],
          ['Free disk', formatBytes(machine.diskFree)],
          ['KVM', machine.kvm ? 'Yes' : 'No: images that boot a VM take long'],
          ['Nix', machine.nix ?? 'None'],
        ] as [string, string][])
      : []),
  ];
  return (
    <section class="card pane" aria-labelledby="machine-title">
      <h2 id="machine-title">Machine</h2>
      <dl class="tiles">
        {facts.map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { LiveBoot } from '../../builds/boot-records.ts';
import { messageOf } from '../../errors.ts';

type Panel = ComponentType<{ boot: LiveBoot }>;

/** A machine; what shows it is loaded with the first one, since most visits to the page see none. */
export function LazyMachine({ boot }: { boot: LiveBoot }) {
  const [{ Panel }, setPanel] = useState<{ Panel?: Panel }>({});
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    import('../machine/machine-panel.tsx')
      .then(({ MachinePanel }) => setPanel({ Panel: MachinePanel }))
      .catch((error) => setProblem(`The machine cannot be shown; load the page anew. (${messageOf(error)})`));
  }, []);
  if (Panel) return <Panel boot={boot} />;
  return problem ? (
    <p class="problem" role="alert">
      {problem}
    </p>
  ) : null;
}

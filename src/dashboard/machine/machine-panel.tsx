import { useState } from 'preact/hooks';
import type { LiveBoot } from '../../builds/boot-records.ts';
import { firmwareNames } from '../parts/boot-choices.tsx';
import { Icon } from '../parts/icon.tsx';
import { GuestScreen } from './guest-screen.tsx';
import { SerialConsole } from './serial-console.tsx';

const views = [
  ['screen', 'screen', 'Screen'],
  ['serial', 'terminal', 'Serial console'],
] as const;

/** A machine that runs an image, or has done so: its screen or its serial console. */
export function MachinePanel({ boot }: { boot: LiveBoot }) {
  const [shown, setShown] = useState<'screen' | 'serial'>('screen');
  return (
    <div class="machine-panel">
      <div class="machine-views">
        <fieldset class="segments">
          <legend class="visually-hidden">What to see of the machine</legend>
          {views.map(([view, icon, label]) => (
            <label key={view}>
              <input
                type="radio"
                name={`view-${boot.id}`}
                checked={shown === view}
                onChange={() => setShown(view)}
              />
              <span>
                <Icon name={icon} /> {label}
              </span>
            </label>
          ))}
        </fieldset>
        <p class="muted">
          {boot.artifact} by {firmwareNames[boot.firmware]}
        </p>
      </div>
      {shown === 'screen' ? <GuestScreen boot={boot} /> : <SerialConsole boot={boot} />}
      {boot.ended !== null && <p role="status">The machine has ended: {boot.ended}</p>}
    </div>
  );
}

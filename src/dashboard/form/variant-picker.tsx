import { useState } from 'preact/hooks';
import { type Variant, variantInfo } from '../../builds/variants.ts';
import { Icon } from '../parts/icon.tsx';
import { variantGroups } from './variant-groups.ts';

interface VariantPickerProps {
  chosen: readonly string[];
  problem: string | undefined;
  choose: (variants: string[]) => void;
}

/** Which image formats to make: one or several. */
export function VariantPicker({ chosen, problem, choose }: VariantPickerProps) {
  const [text, setText] = useState('');
  const wanted = text.trim().toLowerCase();
  const isWanted = (name: Variant) => `${name} ${variantInfo(name).makes}`.toLowerCase().includes(wanted);
  const toggle = (name: string) =>
    choose(chosen.includes(name) ? chosen.filter((other) => other !== name) : [...chosen, name]);
  return (
    <fieldset class="card pane" id="field-variants" aria-describedby="field-variants-more" tabIndex={-1}>
      <div class="pane-head">
        <legend>
          <h2>Formats</h2>
        </legend>
        <p class="chosen muted" role="status">
          {chosen.length === 0 ? 'None chosen' : `Chosen: ${chosen.join(', ')}`}
        </p>
        <div class="field-with-icon">
          <Icon name="search" />
          <input
            type="search"
            aria-label="Find a format"
            placeholder="Find a format"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </div>
      </div>
      <p id="field-variants-more" class="problem">
        {problem}
      </p>
      <div class="variant-groups">
        {variantGroups().map(([title, names]) => (
          <VariantGroup
            key={title}
            title={title}
            names={names.filter(isWanted)}
            chosen={chosen}
            toggle={toggle}
          />
        ))}
      </div>
    </fieldset>
  );
}

interface VariantGroupProps {
  title: string;
  names: readonly Variant[];
  chosen: readonly string[];
  toggle: (name: string) => void;
}

function VariantGroup({ title, names, chosen, toggle }: VariantGroupProps) {
  if (names.length === 0) return null;
  return (
    <div class="variant-group">
      <h3>{title}</h3>
      <div class="variants">
        {names.map((name) => (
          <label key={name} class="variant">
            <input type="checkbox" checked={chosen.includes(name)} onChange={() => toggle(name)} />
            <span>
              <strong>{name}</strong>
              <span class="muted">{variantInfo(name).makes}</span>
            </span>
          </label>
        ))}
      </div>
    </div>
  );
}

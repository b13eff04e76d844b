import { Icon, type IconName } from '../parts/icon.tsx';
import type { Problems } from './check-form.ts';
import { DropZone } from './drop-zone.tsx';
import { Field } from './field.tsx';
import type { FormState, Way } from './form-state.ts';
import { emptyForm, starter } from './form-state.ts';
import { choicesOf, describeWhat, keyOf } from './what.ts';

interface SourcePickerProps {
  form: FormState;
  problems: Problems;
  change: (changes: Partial<FormState>) => void;
}

const ways: readonly [way: Way, icon: IconName, label: string][] = [
  ['files', 'upload', 'Files'],
  ['paste', 'copy', 'Paste'],
  ['flake', 'again', 'Flake'],
  ['script', 'list', 'Script'],
];

/** Where the source comes from, and what is to be made of it. */
export function SourcePicker({ form, problems, change }: SourcePickerProps) {
  const shown: typeof ways =
    emptyForm.source !== form.source ? [['earlier', 'clock', 'As before'], ...ways] : ways;
  return (
    <section class="card pane" aria-labelledby="source-title">
      <div class="pane-head">
        <h2 id="source-title">Source</h2>
        <fieldset class="segments">
          <legend class="visually-hidden">Where the source comes from</legend>
          {shown.map(([way, icon, label]) => (
            <label key={way}>
              <input type="radio" name="way" checked={form.way === way} onChange={() => change({ way })} />
              <span>
                <Icon name={icon} /> {label}
              </span>
            </label>
          ))}
        </fieldset>
      </div>
      <SourceOfWay form={form} problems={problems} change={change} />
    </section>
  );
}

function SourceOfWay({ form, problems, change }: SourcePickerProps) {
  switch (form.way) {
    case 'files':
      return (
        <>
          <DropZone form={form} problem={problems.source} change={change} />
          <WhatPicker form={form} problems={problems} change={change} />
        </>
      );
    case 'paste':
      return (
        <Field
          name="pasted"
          label="Configuration"
          problem={problems.pasted}
          help="It becomes configuration.nix."
        >
          {(given) => (
            <>
              <textarea
                {...given}
                class="code"
                rows={14}
                spellcheck={false}
                value={form.pasted}
                onInput={(event) => change({ pasted: event.currentTarget.value })}
              />
              {form.pasted === '' && (
                <button type="button" class="tool in-corner" onClick={() => change({ pasted: starter })}>
                  <Icon name="edit" /> Start with an example
                </button>
              )}
            </>
          )}
        </Field>
      );
    case 'flake':
      return <FlakeFields form={form} problems={problems} change={change} />;
    case 'script':
      return (
        <Field
          name="script"
          label="Bash script"
          problem={problems.script}
          help="It runs on the builder; nexus-artifact FILE has a file fetched, nexus-phase NAME says what it does."
        >
          {(given) => (
            <textarea
              {...given}
              class="code"
              rows={14}
              spellcheck={false}
              value={form.script}
              onInput={(event) => change({ script: event.currentTarget.value })}
            />
          )}
        </Field>
      );
    case 'earlier':
      return (
        <p>
          The files of the earlier build{form.what && <>: {describeWhat(form.what)}</>}.{' '}
          <span class="muted mono">{form.source?.slice(0, 12)}</span>
        </p>
      );
  }
}

function WhatPicker({ form, problems, change }: SourcePickerProps) {
  const choices = choicesOf(form.files.map(({ path }) => path));
  if (choices.length === 0 || !form.what) return null;
  return (
    <Field name="what" label="Make" problem={problems.what}>
      {(given) => (
        <select
          {...given}
          value={form.what && keyOf(form.what)}
          onChange={(event) =>
            change({ what: choices.find((what) => keyOf(what) === event.currentTarget.value) })
          }
        >
          {choices.map((what) => (
            <option key={keyOf(what)} value={keyOf(what)}>
              {describeWhat(what)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

function FlakeFields({ form, problems, change }: SourcePickerProps) {
  const isAttribute = form.what?.kind === 'flake';
  return (
    <>
      <Field
        name="flake"
        label="Address"
        problem={problems.flake}
        help="The builder fetches it, such as github:owner/repository/branch."
      >
        {(given) => (
          <input
            {...given}
            class="mono"
            spellcheck={false}
            placeholder="github:owner/repository"
            value={form.flake}
            onInput={(event) => change({ flake: event.currentTarget.value })}
          />
        )}
      </Field>
      <Field name="what" label="Make">
        {(given) => (
          <select
            {...given}
            value={isAttribute ? 'flake' : 'flake-image'}
            onChange={(event) =>
              change({ what: { kind: event.currentTarget.value === 'flake' ? 'flake' : 'flake-image' } })
            }
          >
            <option value="flake-image">{describeWhat({ kind: 'flake-image' })}</option>
            <option value="flake">{describeWhat({ kind: 'flake' })}</option>
          </select>
        )}
      </Field>
    </>
  );
}

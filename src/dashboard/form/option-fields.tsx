import type { Problems } from './check-form.ts';
import { conversions } from './conversions.ts';
import { Field } from './field.tsx';
import { type FormState, type Unit, whatOf } from './form-state.ts';
import { requestOf, takesSize } from './request-of.ts';
import { isFlake, isImage } from './what.ts';

interface OptionFieldsProps {
  form: FormState;
  problems: Problems;
  change: (changes: Partial<FormState>) => void;
}

/** What may be said of a build beyond its source; each field only where it changes something. */
export function OptionFields({ form, problems, change }: OptionFieldsProps) {
  const what = whatOf(form);
  const text = (field: 'name' | 'imageName' | 'nixpkgs' | 'host' | 'attribute') => ({
    value: form[field],
    spellcheck: false,
    autocomplete: 'off' as const,
    onInput: (event: Event & { currentTarget: HTMLInputElement }) =>
      change({ [field]: event.currentTarget.value }),
  });
  return (
    <section class="card pane" aria-labelledby="options-title">
      <h2 id="options-title">Options</h2>
      <div class="fields">
        <Field name="name" label="Name" problem={problems.name} help="Part of the name of the result folder.">
          {(given) => (
            <input {...given} {...text('name')} placeholder={requestOf({ ...form, name: '' }, '').name} />
          )}
        </Field>
        {what && isImage(what) && <ImageFields form={form} problems={problems} change={change} />}
        {what?.kind === 'flake-image' && (
          <Field name="host" label="Host" help="Which of nixosConfigurations, when there are several.">
            {(given) => <input {...given} {...text('host')} />}
          </Field>
        )}
        {(what?.kind === 'flake' || what?.kind === 'nix') && (
          <Field
            name="attribute"
            label="Attribute"
            problem={problems.attribute}
            help={
              what.kind === 'nix'
                ? 'All that the file gives, when it is empty.'
                : 'What follows the # in a flake reference.'
            }
          >
            {(given) => <input {...given} {...text('attribute')} />}
          </Field>
        )}
        {what && isImage(what) && (
          <Field
            name="imageName"
            label="File name"
            problem={problems.imageName}
            help="Of the image, without its ending."
          >
            {(given) => <input {...given} {...text('imageName')} />}
          </Field>
        )}
        {what && !isFlake(what) && (
          <Field
            name="nixpkgs"
            label="nixpkgs"
            help="Channel or revision; the orchestrator’s own when it is empty."
          >
            {(given) => <input {...given} {...text('nixpkgs')} placeholder="nixos-unstable" />}
          </Field>
        )}
        {what && (
          <Field name="convert" label="Convert to" help="With qemu-img, after the build.">
            {(given) => (
              <select
                {...given}
                value={form.convert}
                onChange={(event) => change({ convert: event.currentTarget.value })}
              >
                <option value="">Nothing</option>
                {conversions.map((format) => (
                  <option key={format}>{format}</option>
                ))}
              </select>
            )}
          </Field>
        )}
      </div>
    </section>
  );
}

function ImageFields({ form, problems, change }: OptionFieldsProps) {
  const isSized = takesSize(form.variants);
  return (
    <>
      <Field
        name="system"
        label="System"
        problem={problems.system}
        help="Another one than the builder’s is emulated."
      >
        {(given) => (
          <select
            {...given}
            value={form.system}
            onChange={(event) => change({ system: event.currentTarget.value })}
          >
            <option value="">The builder’s own</option>
            <option>x86_64-linux</option>
            <option>aarch64-linux</option>
          </select>
        )}
      </Field>
      <Field
        name="diskSize"
        label="Disk size"
        problem={problems.diskSize}
        help={
          isSized
            ? 'As large as needed, when it is empty.'
            : 'The chosen formats have no disk of a size to choose.'
        }
      >
        {(given) => (
          <div class="with-unit">
            <input
              {...given}
              inputMode="numeric"
              autocomplete="off"
              disabled={!isSized}
              value={form.diskSize}
              onInput={(event) => change({ diskSize: event.currentTarget.value.trim() })}
            />
            <select
              aria-label="Unit of the disk size"
              disabled={!isSized}
              value={form.diskUnit}
              onChange={(event) => change({ diskUnit: event.currentTarget.value as Unit })}
            >
              <option>MiB</option>
              <option>GiB</option>
              <option>TiB</option>
            </select>
          </div>
        )}
      </Field>
    </>
  );
}

import type { ComponentChildren } from 'preact';
import type { FieldName } from './check-form.ts';

interface FieldProps {
  name: FieldName | 'nixpkgs' | 'host' | 'convert';
  label: string;
  help?: string;
  problem?: string | undefined;
  children: (given: FieldAttributes) => ComponentChildren;
}

/** What a control needs to be known by its label, its help and its problem. */
export interface FieldAttributes {
  id: string;
  'aria-describedby': string;
  'aria-invalid': boolean;
}

/** A control with its label, a word of help, and what is wrong with it. */
export function Field({ name, label, help, problem, children }: FieldProps) {
  const id = `field-${name}`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, 'aria-describedby': `${id}-more`, 'aria-invalid': problem !== undefined })}
      <p id={`${id}-more`} class={problem ? 'problem' : 'help'}>
        {problem ?? help}
      </p>
    </div>
  );
}

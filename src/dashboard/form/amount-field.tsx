import { type Amount, type AmountKind, unitsOf } from './amount.ts';
import { Field } from './field.tsx';
import type { MoreName } from './more.ts';

interface AmountFieldProps {
  name: MoreName;
  label: string;
  help: string;
  kind: AmountKind;
  /** Offers to be without limit. */
  mayBeNone?: boolean;
  amount: Amount;
  problem: string | undefined;
  change: (amount: Amount) => void;
}

/** A number and its unit. */
export function AmountField(props: AmountFieldProps) {
  const { name, label, help, kind, mayBeNone = false, amount, problem, change } = props;
  const isNone = amount.unit === 'none';
  return (
    <Field name={name} label={label} problem={problem} help={help}>
      {(given) => (
        <div class="with-unit">
          <input
            {...given}
            inputMode="numeric"
            autocomplete="off"
            disabled={isNone}
            value={isNone ? '' : amount.number}
            onInput={(event) => change({ ...amount, number: event.currentTarget.value.trim() })}
          />
          <select
            aria-label={`Unit of ${label}`}
            value={amount.unit}
            onChange={(event) => change({ ...amount, unit: event.currentTarget.value })}
          >
            {unitsOf(kind).map((unit) => (
              <option key={unit}>{unit}</option>
            ))}
            {mayBeNone && <option value="none">no limit</option>}
          </select>
        </div>
      )}
    </Field>
  );
}

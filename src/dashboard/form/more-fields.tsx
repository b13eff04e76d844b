import { useEffect, useState } from 'preact/hooks';
import { Icon } from '../parts/icon.tsx';
import { AmountField } from './amount-field.tsx';
import type { Problems } from './check-form.ts';
import { Field } from './field.tsx';
import type { FormState } from './form-state.ts';
import { checkMore, limitFields, type More, moreFacts, requestOfMore } from './more.ts';

interface MoreFieldsProps {
  form: FormState;
  problems: Problems;
  change: (changes: Partial<FormState>) => void;
}

/** Limits, priority and the boot check: folded away, since few builds say anything of them. */
export function MoreFields({ form: { more }, problems, change }: MoreFieldsProps) {
  const [isOpen, setOpen] = useState(false);
  const isWrong = Object.keys(checkMore(more)).some((name) => name in problems);
  // What is wrong must be within reach.
  useEffect(() => {
    if (isWrong) setOpen(true);
  }, [isWrong]);
  const say = (changes: Partial<More>) => change({ more: { ...more, ...changes } });
  const facts = moreFacts(requestOfMore(more));
  return (
    <details class="card pane more" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Icon name="right" />
        <h2>More</h2>
        <span class="muted">
          {facts.length === 0
            ? 'Limits, priority, boot check'
            : facts.map(([term, value]) => `${term}: ${value}`).join(' · ')}
        </span>
      </summary>
      <fieldset>
        <legend>
          <h3>Limits</h3>
        </legend>
        <p class="muted">
          A build that reaches one is ended. What is left empty is as the orchestrator is set up.
        </p>
        <div class="fields">
          {limitFields.map(([name, kind, label, help]) => (
            <AmountField
              key={name}
              name={`limit-${name}`}
              label={label}
              help={help}
              kind={kind}
              mayBeNone
              amount={more.limits[name]}
              problem={problems[`limit-${name}`]}
              change={(amount) => say({ limits: { ...more.limits, [name]: amount } })}
            />
          ))}
        </div>
      </fieldset>
      <div class="fields">
        <Field
          name="priority"
          label="Priority"
          problem={problems.priority}
          help="From -10 to 10: the higher, the sooner among those that wait."
        >
          {(given) => (
            <input
              {...given}
              autocomplete="off"
              placeholder="0"
              value={more.priority}
              onInput={(event) => say({ priority: event.currentTarget.value.trim() })}
            />
          )}
        </Field>
      </div>
      <fieldset>
        <legend>
          <h3>Boot check</h3>
        </legend>
        <label class="check">
          <input
            type="checkbox"
            checked={more.checksBoot}
            onChange={(event) => say({ checksBoot: event.currentTarget.checked })}
          />
          <span>
            Check that it boots
            <br />
            <span class="muted">
              A throw-away copy starts in a virtual machine when it is built, and a screenshot of it is kept.
            </span>
          </span>
        </label>
        {more.checksBoot && (
          <div class="fields">
            <Field
              name="bootPattern"
              label="It is up when it prints"
              problem={problems.bootPattern}
              help="A regular expression; a login prompt or the system’s own word, when it is empty."
            >
              {(given) => (
                <input
                  {...given}
                  class="mono"
                  spellcheck={false}
                  autocomplete="off"
                  value={more.bootPattern}
                  onInput={(event) => say({ bootPattern: event.currentTarget.value })}
                />
              )}
            </Field>
            <AmountField
              name="bootLimit"
              label="For at most"
              help="Ten minutes, when it is empty."
              kind="time"
              amount={more.bootLimit}
              problem={problems.bootLimit}
              change={(bootLimit) => say({ bootLimit })}
            />
          </div>
        )}
      </fieldset>
    </details>
  );
}

import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../api/api.ts';
import { ApiError } from '../api/call.ts';
import { isFinished } from '../build-filter.ts';
import { checkForm, type Problems } from '../form/check-form.ts';
import { emptyForm, type FormState, formOf, whatOf } from '../form/form-state.ts';
import { MoreFields } from '../form/more-fields.tsx';
import { OptionFields } from '../form/option-fields.tsx';
import { requestOf } from '../form/request-of.ts';
import { SourcePicker } from '../form/source-picker.tsx';
import { VariantPicker } from '../form/variant-picker.tsx';
import { isImage } from '../form/what.ts';
import { ErrorBox } from '../parts/error-box.tsx';
import { Icon } from '../parts/icon.tsx';
import { useTitle } from '../parts/title.ts';
import { buildAddress, goTo, reused } from '../router.ts';
import { tarOf } from '../source/tar.ts';

/** The form for a build; `from` is an earlier one whose request it begins with. */
export function NewBuildPage({ from }: { from: string | null }) {
  useTitle('New build');
  const [form, setForm] = useState<FormState>(emptyForm);
  const [problems, setProblems] = useState<Problems>({});
  const [refusal, setRefusal] = useState<{ message: string; hint?: string | undefined }>();
  const [doing, setDoing] = useState<string>();
  const summary = useRef<HTMLElement>(null);
  const change = (changes: Partial<FormState>) => {
    setForm((before) => ({ ...before, ...changes }));
    setProblems({});
    setRefusal(undefined);
  };

  useEffect(() => {
    if (from === null) return;
    api
      .build(from)
      .then(({ request }) => setForm(formOf(request)))
      .catch((error) => setRefusal(asRefusal(error)));
  }, [from]);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const found = checkForm(form);
    setProblems(found);
    setRefusal(undefined);
    if (Object.keys(found).length > 0) {
      requestAnimationFrame(() => summary.current?.focus());
      return;
    }
    try {
      const source = await upload(form, setDoing);
      setDoing('Submitting…');
      const build = await api.submit(requestOf(form, source));
      goTo(buildAddress(build.id) + (isFinished(build) ? reused : ''));
    } catch (error) {
      setRefusal(asRefusal(error));
      setDoing(undefined);
    }
  };

  const what = whatOf(form);
  return (
    <form class="new-build" onSubmit={submit} noValidate>
      <div class="page-head">
        <h1>New build</h1>
      </div>
      <ProblemSummary problems={problems} focusable={summary} />
      {refusal && <ErrorBox title="It was not accepted" error={refusal} />}
      <SourcePicker form={form} problems={problems} change={change} />
      {what && isImage(what) && (
        <VariantPicker
          chosen={form.variants}
          problem={problems.variants}
          choose={(variants) => change({ variants })}
        />
      )}
      <OptionFields form={form} problems={problems} change={change} />
      <MoreFields form={form} problems={problems} change={change} />
      <div class="submit">
        <p class="muted" role="status">
          {doing}
        </p>
        <button type="submit" class="button primary" disabled={doing !== undefined}>
          <Icon name="play" /> Build
        </button>
      </div>
    </form>
  );
}

/** Everything that is wrong in one place, with the way to each. */
function ProblemSummary({
  problems,
  focusable,
}: {
  problems: Problems;
  focusable: { current: HTMLElement | null };
}) {
  const entries = Object.entries(problems);
  if (entries.length === 0) return null;
  const goToField = (event: Event, name: string) => {
    event.preventDefault();
    document.getElementById(`field-${name}`)?.focus();
  };
  return (
    <section class="card error-box" role="alert" ref={focusable} tabIndex={-1}>
      <h2>
        <Icon name="alert" /> Something is missing
      </h2>
      <ul>
        {entries.map(([name, problem]) => (
          <li key={name}>
            <a href={`#field-${name}`} onClick={(event) => goToField(event, name)}>
              {problem}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** @returns the id of the source; nothing when the build has none. */
async function upload(form: FormState, say: (doing: string) => void): Promise<string | undefined> {
  if (form.way === 'earlier' || form.way === 'script') return form.source;
  if (form.way === 'flake') return undefined;
  const pasted = [{ path: 'configuration.nix', content: new Blob([form.pasted]) }];
  say('Uploading…');
  return (await api.uploadSource(tarOf(form.way === 'paste' ? pasted : form.files))).id;
}

function asRefusal(error: unknown): { message: string; hint?: string | undefined } {
  if (error instanceof ApiError) return { message: error.message, hint: error.hint };
  return {
    message: error instanceof Error ? error.message : String(error),
    hint: 'Nothing is lost: try again when the orchestrator answers.',
  };
}

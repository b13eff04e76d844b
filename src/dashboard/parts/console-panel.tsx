import { useEffect, useMemo, useRef } from 'preact/hooks';
import { api } from '../api/api.ts';
import { usePolled } from '../api/poll.ts';
import { AnsiReader } from '../log/ansi.ts';

const pollMs = 3000;

/** The last lines of the builder's console. */
export function ConsolePanel({ isRunning }: { isRunning: boolean }) {
  const { value, error } = usePolled(api.console, pollMs);
  const lines = useRef<HTMLPreElement>(null);
  const text = value?.text.trimEnd() ?? '';
  const segments = useMemo(() => new AnsiReader().read(text), [text]);
  useEffect(() => lines.current?.scrollTo({ top: lines.current.scrollHeight }), [text]);
  return (
    <section class="card log" aria-labelledby="console-title">
      <header class="log-head">
        <h2 id="console-title">Console</h2>
      </header>
      {error && <p class="log-note">The console cannot be read: {error.message}</p>}
      <pre class="log-scroll console" ref={lines} tabIndex={0} aria-label="Lines of the console" role="log">
        {segments.map(({ text, classes }, index) => (
          <span key={index} class={classes.join(' ')}>
            {text}
          </span>
        ))}
      </pre>
      {text === '' && <p class="log-empty">{isRunning ? 'It has printed nothing.' : 'It does not run.'}</p>}
    </section>
  );
}

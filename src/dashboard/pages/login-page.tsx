import { useRef, useState } from 'preact/hooks';
import { api } from '../api/api.ts';
import { ApiError } from '../api/call.ts';
import { connection } from '../api/connection.ts';
import { CopyLine } from '../parts/copy-line.tsx';
import { Logo } from '../parts/icon.tsx';
import { ThemeButton } from '../parts/theme-button.tsx';
import { useTitle } from '../parts/title.ts';

/** Asks for the token. */
export function LoginPage() {
  useTitle('Log in');
  const input = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const login = async (event: SubmitEvent) => {
    event.preventDefault();
    const token = input.current?.value.trim() ?? '';
    if (token === '') return setProblem('Paste the token first.');
    setBusy(true);
    try {
      await api.login({ token });
      connection.set('online');
    } catch (error) {
      setProblem(error instanceof ApiError ? `${error.message}.` : 'The orchestrator does not answer.');
      input.current?.select();
    } finally {
      setBusy(false);
    }
  };
  return (
    <main class="login">
      <div class="login-corner">
        <ThemeButton />
      </div>
      <form class="card login-card" onSubmit={login} noValidate>
        <Logo />
        <h1>Nexus Builder</h1>
        <p class="muted">NixOS images, built where NixOS is not.</p>
        <label for="token">Token</label>
        <input
          id="token"
          ref={input}
          type="password"
          autocomplete="current-password"
          autofocus
          spellcheck={false}
          aria-invalid={problem !== undefined}
          aria-describedby="token-problem"
        />
        <p class="problem" id="token-problem" role="alert">
          {problem}
        </p>
        <button type="submit" class="button primary wide" disabled={isBusy}>
          {isBusy ? 'One moment…' : 'Log in'}
        </button>
        <details>
          <summary>Where is the token?</summary>
          <p class="muted">Where the orchestrator runs, one of these prints it:</p>
          <CopyLine label="Compose" text="docker compose exec orchestrator nexus token" />
          <CopyLine label="Without" text="nexus token" />
        </details>
      </form>
    </main>
  );
}

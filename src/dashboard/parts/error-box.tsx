import { plainText } from '../../terminal-text.ts';
import { Icon } from './icon.tsx';

interface ErrorBoxProps {
  title: string;
  error: { message: string; hint?: string | undefined };
}

/** What to do first, then what was wrong. */
export function ErrorBox({ title, error }: ErrorBoxProps) {
  return (
    <section class="card error-box" role="alert">
      <h2>
        <Icon name="alert" /> {title}
      </h2>
      {error.hint && <p class="hint">{error.hint}</p>}
      <pre class="message">{plainText(error.message)}</pre>
    </section>
  );
}

import { useState } from 'preact/hooks';
import { Icon } from './icon.tsx';

type Theme = 'light' | 'dark';

/** Light or dark, whatever the system says; theme.js has it from the next load on before the first paint. */
export function ThemeButton() {
  const [theme, setTheme] = useState<Theme>(shownTheme);
  const other = theme === 'light' ? 'dark' : 'light';
  const change = () => {
    document.documentElement.dataset.theme = other;
    setTheme(other);
    try {
      localStorage.setItem('nexus-theme', other);
    } catch {
      // Storage may be forbidden; then it lasts as long as the page.
    }
  };
  return (
    <button
      type="button"
      class="tool bare"
      aria-label={`Use ${other} colours`}
      title={`Use ${other} colours`}
      onClick={change}
    >
      <Icon name={theme === 'light' ? 'moon' : 'sun'} />
    </button>
  );
}

function shownTheme(): Theme {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

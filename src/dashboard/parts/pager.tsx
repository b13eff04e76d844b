import { Icon } from './icon.tsx';

interface PagerProps {
  /** Nothing where there are none. */
  newer: (() => void) | undefined;
  older: (() => void) | undefined;
}

export function Pager({ newer, older }: PagerProps) {
  if (!newer && !older) return null;
  return (
    <nav class="pager" aria-label="Pages of builds">
      <button type="button" class="button" disabled={!newer} onClick={newer}>
        <Icon name="left" /> Newer
      </button>
      <button type="button" class="button" disabled={!older} onClick={older}>
        Older <Icon name="right" />
      </button>
    </nav>
  );
}

import { Icon } from './icon.tsx';

interface PagerProps {
  page: number;
  pages: number;
  go: (page: number) => void;
}

export function Pager({ page, pages, go }: PagerProps) {
  if (pages <= 1) return null;
  return (
    <nav class="pager" aria-label="Pages of builds">
      <button type="button" class="button" disabled={page === 0} onClick={() => go(page - 1)}>
        <Icon name="left" /> Newer
      </button>
      <span class="muted">
        {page + 1} of {pages}
      </span>
      <button type="button" class="button" disabled={page >= pages - 1} onClick={() => go(page + 1)}>
        Older <Icon name="right" />
      </button>
    </nav>
  );
}

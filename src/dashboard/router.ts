import { useEffect, useState } from 'preact/hooks';

export type Route =
  | { page: 'builds' }
  | { page: 'build'; id: string }
  | { page: 'new'; from: string | null }
  | { page: 'builder' }
  | { page: 'unknown' };

/** What an address shows. */
export function routeOf({ pathname, search }: Pick<URL, 'pathname' | 'search'>): Route {
  const [first = '', second, ...rest] = pathname.split('/').filter((part) => part !== '');
  if (rest.length > 0) return { page: 'unknown' };
  if (first === 'builds' && second !== undefined) return { page: 'build', id: decodeURIComponent(second) };
  if (second !== undefined) return { page: 'unknown' };
  if (first === '' || first === 'builds') return { page: 'builds' };
  if (first === 'new') return { page: 'new', from: new URLSearchParams(search).get('from') };
  return first === 'builder' ? { page: 'builder' } : { page: 'unknown' };
}

/** Follows the address of a build that was not built anew, since the same had been asked for before. */
export const reused = '?reused';

export const buildAddress = (id: string) => `/builds/${encodeURIComponent(id)}`;

/** Goes to another page of ours without loading it anew. */
export function goTo(address: string): void {
  history.pushState(null, '', address);
  dispatchEvent(new PopStateEvent('popstate'));
  scrollTo(0, 0);
}

/** The route of the address bar, now and whenever it changes. */
export function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location));
  useEffect(() => {
    const onPop = () => setRoute(routeOf(location));
    const onClick = (event: MouseEvent) => followLink(event);
    addEventListener('popstate', onPop);
    document.addEventListener('click', onClick);
    return () => {
      removeEventListener('popstate', onPop);
      document.removeEventListener('click', onClick);
    };
  }, []);
  return route;
}

/** A plain click on a link to a page of ours; everything else is the browser's. */
function followLink(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (!link || link.origin !== location.origin || link.target || link.hasAttribute('download')) return;
  if (link.hash || routeOf(link).page === 'unknown') return;
  event.preventDefault();
  goTo(link.pathname + link.search);
}

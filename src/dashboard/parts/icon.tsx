/** Outlines on a grid of 24; drawn here, so that no font or image has to be loaded. */
const shapes = {
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM20 20l-4-4',
  download: 'M12 4v11m0 0 4.5-4.5M12 15l-4.5-4.5M5 20h14',
  wrap: 'M4 6h16M4 12h13a3 3 0 0 1 0 6h-4m0 0 2.5-2.5M13 18l2.5 2.5M4 18h5',
  follow: 'M12 4v12m0 0 5-5m-5 5-5-5M5 20h14',
  up: 'm6 15 6-6 6 6',
  down: 'm6 9 6 6 6-6',
  right: 'm9 6 6 6-6 6',
  left: 'm15 6-6 6 6 6',
  plus: 'M12 5v14M5 12h14',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  cross: 'M6 6l12 12M18 6 6 18',
  dash: 'M6 12h12',
  clock: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4.5l3 1.5',
  alert: 'M12 4 2.8 19.5h18.4L12 4zM12 10v4M12 17v.2',
  info: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 11v5M12 8v.2',
  copy: 'M9 9h10v11H9zM15 9V4H5v11h4',
  again: 'M20 11a8 8 0 1 0-2.3 6.3M20 4v7h-7',
  edit: 'M4 20l1-4L16 5l3 3L8 19l-4 1zM14 7l3 3',
  stop: 'M7 7h10v10H7z',
  play: 'M8 5v14l11-7L8 5z',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M18.4 5.6l-1.1 1.1M6.7 17.3l-1.1 1.1',
  moon: 'M20 14.5A8 8 0 0 1 9.5 4 8 8 0 1 0 20 14.5z',
  leave: 'M10 5H5v14h5M14 8l4 4-4 4M18 12H9',
  file: 'M7 3h7l4 4v14H7zM14 3v4h4',
  folder: 'M3 6h6l2 2.5h10V19H3z',
  upload: 'M12 16V5m0 0 4.5 4.5M12 5 7.5 9.5M5 20h14',
  chip: 'M7 7h10v10H7zM10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4',
  disk: 'M4 14h16v6H4zM4 14l3-9h10l3 9M8 17h.2',
  list: 'M8 6h12M8 12h12M8 18h12M4 6h.1M4 12h.1M4 18h.1',
  pin: 'M9 4h6l-1 6 3 3H7l3-3-1-6zM12 13v7',
  keyboard: 'M3 7h18v10H3zM7 10.5h.1M10.5 10.5h.1M14 10.5h.1M17.2 10.5h.1M8 14h8',
  screen: 'M3 5h18v11H3zM9 20h6M12 16v4',
  terminal: 'M3 5h18v14H3zM7 9.5l3 2.5-3 2.5M12.5 15H17',
  whole: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  fit: 'M3 12h18M3 12l3.5-3.5M3 12l3.5 3.5M21 12l-3.5-3.5M21 12l-3.5 3.5',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
} as const;

export type IconName = keyof typeof shapes;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={shapes[name]} />
    </svg>
  );
}

export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect class="logo-ground" width="32" height="32" rx="9" />
      <path
        class="logo-star"
        d="M16 6.5v19M7.8 11.2l16.4 9.6M24.2 11.2 7.8 20.8m5.2-12.2 3 2.6 3-2.6M13 23.4l3-2.6 3 2.6"
      />
    </svg>
  );
}

/** A file of the user's settings and where it belongs in the builder. */
export interface Place {
  /** Relative to the user's folder: `nix.conf`, `ssh/id_ed25519`. */
  name: string;
  /** In the builder. */
  path: string;
}

/** Folders of the builder that settings go to, and with which permissions they are made. */
export const settingsFolders = [
  { path: '/etc/nix', mode: '755' },
  { path: '/etc/nix/ssh', mode: '700' },
  { path: '/etc/nexus', mode: '755' },
] as const;

/** vm/modules/nix.nix and vm/watcher/nexus-build@.service read them there. */
const places: Record<string, string> = {
  'nix.conf': '/etc/nix/nexus.conf',
  machines: '/etc/nix/machines',
  environment: '/etc/nexus/environment',
};

/** Which of the user's files are settings and which mean nothing; hidden files and a README are neither. */
export function sortSettings(names: readonly string[]): { places: Place[]; unknown: string[] } {
  const sorted: { places: Place[]; unknown: string[] } = { places: [], unknown: [] };
  for (const name of names) {
    const path = placeOf(name);
    if (path) sorted.places.push({ name, path });
    else if (!/(^|\/)(\.|README)/.test(name)) sorted.unknown.push(name);
  }
  return sorted;
}

function placeOf(name: string): string | undefined {
  // A name is written into a list, one a line, and typed into `machines`.
  const [, key] = /^ssh\/([\w@+-][\w.@+-]*)$/.exec(name) ?? [];
  if (key && !key.startsWith('README')) return `/etc/nix/ssh/${key}`;
  return Object.hasOwn(places, name) ? places[name] : undefined;
}

/** Whether what was put there can only be ours, so that it may be removed. */
export function isPlace(path: string): boolean {
  return Object.values(places).includes(path) || /^\/etc\/nix\/ssh\/[\w@+-][\w.@+-]*$/.test(path);
}

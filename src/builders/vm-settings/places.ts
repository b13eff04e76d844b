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
const places = new Map([
  ['nix.conf', '/etc/nix/nexus.conf'],
  ['machines', '/etc/nix/machines'],
  ['environment', '/etc/nexus/environment'],
]);

/** A name is written into a list, one a line, and typed into `machines`. */
const keyName = /^[\w@+][\w.@+-]*$/;
const keys = '/etc/nix/ssh/';

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
  if (!name.startsWith('ssh/')) return places.get(name);
  const key = name.slice('ssh/'.length);
  return keyName.test(key) && !key.startsWith('README') ? keys + key : undefined;
}

/** Whether what was put there can only be ours, so that it may be removed. */
export function isPlace(path: string): boolean {
  if ([...places.values()].includes(path)) return true;
  return path.startsWith(keys) && keyName.test(path.slice(keys.length));
}

/** What is to be made of a source. */
export type What =
  | { kind: 'image'; file: string }
  | { kind: 'flake-image' }
  | { kind: 'nix'; file: string }
  | { kind: 'flake' };

/** More of them no one reads. */
const mostFiles = 60;

/** All that can be made of a source with these files; what most people want comes first, as on the command line. */
export function choicesOf(paths: readonly string[]): What[] {
  const nix = paths
    .filter((path) => path.endsWith('.nix') && path !== 'flake.nix')
    .sort(byDepth)
    .slice(0, mostFiles);
  const isConfiguration = (path: string) => /(^|\/)configuration\.nix$/.test(path);
  const isDefault = (path: string) => /(^|\/)default\.nix$/.test(path);
  const images = nix.filter((path) => !isDefault(path)).map((file): What => ({ kind: 'image', file }));
  const files = nix.filter((path) => !isConfiguration(path)).map((file): What => ({ kind: 'nix', file }));
  const flake: What[] = paths.includes('flake.nix') ? [{ kind: 'flake-image' }, { kind: 'flake' }] : [];
  const rank = (what: What) => {
    if (!('file' in what)) return 0;
    if (what.kind === 'image') return isConfiguration(what.file) ? 1 : 3;
    return isDefault(what.file) ? 2 : 4;
  };
  return [...flake, ...images, ...files].sort((a, b) => rank(a) - rank(b));
}

/** What lies on top is meant more often than what lies in folders. */
function byDepth(one: string, other: string): number {
  return one.split('/').length - other.split('/').length || one.localeCompare(other);
}

export function describeWhat(what: What): string {
  switch (what.kind) {
    case 'image':
      return `Image of ${what.file}`;
    case 'flake-image':
      return 'Image of the flake’s nixosConfigurations';
    case 'nix':
      return `${what.file}, built as it is`;
    case 'flake':
      return 'An attribute of the flake';
  }
}

export const isImage = ({ kind }: What) => kind === 'image' || kind === 'flake-image';
export const isFlake = ({ kind }: What) => kind === 'flake' || kind === 'flake-image';
export const keyOf = (what: What) => ('file' in what ? `${what.kind} ${what.file}` : what.kind);

import { NexusError } from './errors.ts';

/**
 * What follows `-I nixpkgs=` for a path on the builder (`/…`), a revision (40 hexadecimal digits) or a
 * channel (`nixos-26.05`, `nixos-unstable`, `nixpkgs-unstable` …).
 * @throws {NexusError} `request-invalid`.
 */
export function nixpkgsLocation(nixpkgs: string): string {
  if (nixpkgs.startsWith('/')) return nixpkgs;
  // The archive of a revision is what GitHub serves for it; channels redirect to their newest release.
  if (/^[0-9a-f]{40}$/.test(nixpkgs)) return `https://github.com/NixOS/nixpkgs/archive/${nixpkgs}.tar.gz`;
  if (/^(nixos|nixpkgs)-[a-z0-9.-]+$/.test(nixpkgs))
    return `https://channels.nixos.org/${nixpkgs}/nixexprs.tar.xz`;
  throw new NexusError('request-invalid', `“${nixpkgs}” names no nixpkgs`, {
    hint: 'Give a channel (nixos-26.05), a revision (40 hexadecimal digits) or a path on the builder (/…).',
  });
}

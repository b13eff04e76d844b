import { createHash } from 'node:crypto';
import type { BuildRequest } from './request.ts';

export interface Surroundings {
  /** nixpkgs of builds that name none. */
  nixpkgs: string;
  /** System of the builder. */
  system: string;
  /** The files of the source, if there is one. */
  files: readonly string[];
}

/**
 * The same for two requests that Nix would give the same result; nothing for one whose result may be another every
 * time: a script, and whatever names something that moves (a channel, a branch, a flake without its lock file).
 */
export function requestKey(request: BuildRequest, surroundings: Surroundings): string | undefined {
  if (!isFixed(request, surroundings)) return undefined;
  // How soon it is built, and what it may use, changes nothing of what is built.
  const { priority, rebuild, limits, ...wanted } = request;
  const nixpkgs = 'nixpkgs' in request ? request.nixpkgs : undefined;
  const all = { ...wanted, nixpkgs: nixpkgs ?? surroundings.nixpkgs, builder: surroundings.system };
  const sorted = Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 32);
}

function isFixed(request: BuildRequest, { nixpkgs, files }: Surroundings): boolean {
  switch (request.kind) {
    case 'image':
    case 'nix':
      return /^([0-9a-f]{40}$|\/nix\/store\/)/.test(request.nixpkgs ?? nixpkgs);
    case 'flake':
    case 'flake-image':
      return request.flake ? namesRevision(request.flake) : files.includes('flake.lock');
    case 'script':
      return false;
  }
}

/** Only a reference with a revision means the same tomorrow. */
function namesRevision(flake: string): boolean {
  return (
    /^(github|gitlab|sourcehut):[^/]+\/[^/]+\/[0-9a-f]{40}(\?|$)/.test(flake) ||
    /[?&]rev=[0-9a-f]{40}(&|$)/.test(flake)
  );
}

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { messageOf, NexusError } from '../errors.ts';

/** The part of a flake.lock that says which nixpkgs it pins (nix.dev/manual: nix3-flake, lock files). */
const lock = z.object({
  root: z.string(),
  nodes: z.record(
    z.string(),
    z.object({
      inputs: z.record(z.string(), z.union([z.string(), z.array(z.string())])).optional(),
      locked: z.object({ rev: z.string().optional() }).optional(),
    }),
  ),
});

/**
 * What `--nixpkgs` means: a flake.lock on this machine stands for the revision it pins, all else for itself.
 * @throws {NexusError} `usage` when the lock pins no nixpkgs.
 */
export async function resolveNixpkgs(given: string): Promise<string> {
  if (basename(given) !== 'flake.lock') return given;
  try {
    const { root, nodes } = lock.parse(JSON.parse(await readFile(given, 'utf8')));
    const input = nodes[root]?.inputs?.nixpkgs;
    const revision = typeof input === 'string' ? nodes[input]?.locked?.rev : undefined;
    if (revision) return revision;
  } catch (error) {
    throw new NexusError('usage', `${given} cannot be read as a flake.lock: ${messageOf(error)}`, {
      cause: error,
    });
  }
  throw new NexusError('usage', `${given} pins no input named nixpkgs`);
}

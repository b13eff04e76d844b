import { createHash } from 'node:crypto';
import type { SshKeys } from '../../transport/ssh-keys.ts';
import type { Engine } from './engine.ts';
import { ownerLabel } from './vm-container.ts';

/** Tells the containers of this installation from those of others on the same Engine. */
export function installationId(keys: SshKeys): string {
  return createHash('sha256').update(keys.client.publicKey).digest('hex').slice(0, 12);
}

/** Removes what an orchestrator that died has left on the Engine. */
export async function sweepContainers(engine: Engine, keys: SshKeys): Promise<number> {
  const left = await engine.withLabel(`${ownerLabel}=${installationId(keys)}`);
  for (const container of left) await container.remove();
  return left.length;
}

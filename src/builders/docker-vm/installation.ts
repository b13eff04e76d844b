import { createHash, randomUUID } from 'node:crypto';
import type { SshKeys } from '../../transport/ssh-keys.ts';
import type { Container, Engine } from './engine.ts';
import { ownerLabel, traitsLabel } from './vm-container.ts';

/** Tells the containers of this installation from those of others on the same Engine. */
export function installationId(keys: SshKeys): string {
  return createHash('sha256').update(keys.client.publicKey).digest('hex').slice(0, 12);
}

/** Carried by the machines of boots, with the run of the orchestrator that they belong to and end with. */
export const bootLabel = 'io.nexus-builder.boot';
export const thisRun = randomUUID();

export interface Leftovers {
  /** How many containers were removed. */
  removed: number;
  /** The VM, if it runs. */
  vm: Container | undefined;
}

/** Finds the VM that an earlier orchestrator has left running, and removes whatever else it has left on the Engine. */
export async function sweepContainers(engine: Engine, keys: SshKeys): Promise<Leftovers> {
  const left = await engine.withLabel(`${ownerLabel}=${installationId(keys)}`);
  const vm = left.find(({ labels, running }) => running && traitsLabel in labels)?.container;
  // What this orchestrator boots right now is not left over.
  const useless = left.filter(({ container, labels }) => container !== vm && labels[bootLabel] !== thisRun);
  for (const { container } of useless) await container.remove();
  return { removed: useless.length, vm };
}

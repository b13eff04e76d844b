import { systemCodeOf } from '../errors.ts';
import type { ApiClient } from './api-client.ts';
import type { PackedSource } from './pack-source.ts';

/**
 * Has the orchestrator have a source; what it was sent before, and has not changed since, is neither read nor sent.
 * @returns its id.
 */
export async function provideSource(client: ApiClient, packed: PackedSource): Promise<string> {
  const fingerprint = await packed.fingerprint().catch(unlessGone);
  const known = fingerprint && (await client.findSource(fingerprint));
  return known || client.uploadSource(packed.tar, { fingerprint });
}

/** A file that cannot be looked at cannot be packed either, and packing says which it is. */
function unlessGone(error: unknown): undefined {
  if (systemCodeOf(error) === undefined) throw error;
}

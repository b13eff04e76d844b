import type { Config } from '../config.ts';
import { NexusError } from '../errors.ts';
import type { ApiClient } from './api-client.ts';

/** The kind of builder is a matter of the orchestrator; one that already runs has its own. */
export async function checkBuilder(client: ApiClient, wanted: Config['builder'] | undefined): Promise<void> {
  if (wanted === undefined || wanted === 'auto') return;
  const { kind } = await client.builder();
  if (kind === null || kind === wanted) return;
  throw new NexusError('usage', `The orchestrator at ${client.url} builds on ${kind}, not on ${wanted}`, {
    hint: 'Leave --builder out, or stop that orchestrator first: nexus stop',
  });
}

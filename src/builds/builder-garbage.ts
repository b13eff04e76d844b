import type { StartedBuilder } from '../builders/builder.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { runChecked } from '../transport/run-checked.ts';

export interface CollectOptions {
  builder: StartedBuilder;
  signal: AbortSignal;
  logger: Logger;
}

/**
 * Has Nix on the builder delete what nobody needs, until so many bytes are free or nothing more can go. What a build
 * that runs needs is safe: its derivations and results are roots. The Nix store of this machine is its owner's.
 */
export async function collectStore(
  { builder, signal, logger }: CollectOptions,
  bytes: number,
): Promise<void> {
  if (builder.kind === 'this-machine') return;
  try {
    await runChecked(builder.transport, ['nix-collect-garbage', '--max-freed', String(Math.ceil(bytes))], {
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    logger.warn('The builder could not collect garbage', { why: messageOf(error) });
  }
}

import type { Config } from '../config.ts';
import { messageOf, NexusError } from '../errors.ts';
import type { Builder, BuilderKind } from './builder.ts';

/** What can be chosen from: whether each kind can work here, and how to make it. */
export interface BuilderChoice {
  kind: BuilderKind;
  /** Rejects with the reason when this kind cannot work here. */
  check(signal?: AbortSignal): Promise<void>;
  make(): Promise<Builder>;
}

/**
 * The builder that was asked for; with `auto` the first choice that can work here.
 * @throws {NexusError} `no-builder`, saying of every choice what is missing.
 */
export async function chooseBuilder(
  wanted: Config['builder'],
  choices: readonly BuilderChoice[],
  signal?: AbortSignal,
): Promise<Builder> {
  const reasons: string[] = [];
  for (const choice of choices) {
    if (wanted === choice.kind) return choice.make();
    if (wanted !== 'auto') continue;
    try {
      await choice.check(signal);
      return choice.make();
    } catch (error) {
      signal?.throwIfAborted();
      reasons.push(`  ${choice.kind}: ${messageOf(error)}`);
    }
  }
  throw new NexusError('no-builder', `There is nothing to build with:\n${reasons.join('\n')}`, {
    hint: 'Start Docker (https://docs.docker.com/engine/install), or install Nix on this machine (Debian, Ubuntu: sudo apt-get install nix-bin inotify-tools jq).',
  });
}

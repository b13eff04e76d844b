import { checkRequest } from '../../src/builds/plan.ts';
import { parseRequest } from '../../src/builds/request.ts';
import { NexusError } from '../../src/errors.ts';
import type { Outcome } from './case.ts';
import type { Nix } from './nix.ts';
import { recordRequest } from './record-request.ts';
import { type Tried, tryBuild } from './try-build.ts';

/**
 * What becomes of `nexus ARGUMENTS` on a builder of that system: the command line, the request, the plan and the
 * script are the product's own.
 */
export async function tryCommand(
  nix: Nix,
  arguments_: readonly string[],
  system: string,
): Promise<Tried | { refused: string }> {
  const { request: recorded, source } = await recordRequest(arguments_);
  try {
    const request = parseRequest(recorded);
    checkRequest(request, system);
    return await tryBuild({ nix, request, source, system });
  } catch (error) {
    if (error instanceof NexusError) return { refused: error.message };
    throw error;
  }
}

export function shownOutcome(tried: Awaited<ReturnType<typeof tryCommand>>): Outcome {
  if ('refused' in tried) return { result: 'refused', detail: tried.refused };
  const shown = tried.derivations.map((derivation) => derivation.replace('/nix/store/', ''));
  return { result: 'ok', detail: [...shown, ...tried.warnings].join('; ') };
}

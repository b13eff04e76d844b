import { messageOf, NexusError } from '../errors.ts';
import { abortable, anySignal } from '../transport/signals.ts';
import type { Check, CheckedFinding, Finding } from './finding.ts';

/** No check is waited for longer; the KVM probe boots a guest and needs most of it. */
const limitMs = 30_000;

/** Makes all checks at once and gives their findings in order; a check that fails to look is a finding too. */
export async function* examine(
  checks: readonly Check[],
  signal?: AbortSignal,
): AsyncGenerator<CheckedFinding> {
  const findings = checks.map((check) => lookAt(check, signal));
  for (const [index, { id, title }] of checks.entries()) {
    const finding = await findings[index];
    if (finding) yield { id, title, ...finding };
  }
}

async function lookAt(check: Check, signal?: AbortSignal): Promise<Finding> {
  const limit = AbortSignal.timeout(limitMs);
  const both = anySignal(limit, signal);
  try {
    return await abortable(check.look(both), both);
  } catch (error) {
    const what = limit.aborted ? `no answer within ${limitMs / 1000} s` : messageOf(error);
    return { verdict: 'fail', what, advice: error instanceof NexusError ? error.hint : undefined };
  }
}

/** 1 when something fails, as builds would. */
export function worstOf(findings: readonly CheckedFinding[]): CheckedFinding['verdict'] {
  if (findings.some(({ verdict }) => verdict === 'fail')) return 'fail';
  return findings.some(({ verdict }) => verdict === 'warn') ? 'warn' : 'pass';
}

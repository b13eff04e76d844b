import { type ErrorCode, NexusError } from '../errors.ts';

/** Mistakes in what was asked for, which no second try repairs. */
const usage: readonly ErrorCode[] = [
  'usage',
  'config-invalid',
  'request-invalid',
  'unknown-variant',
  'source-missing',
  'source-unsafe',
  'source-without-configuration',
];

/** 2 for wrong usage, 1 for every other failure. */
export function exitStatus(error: unknown): number {
  return error instanceof NexusError && usage.includes(error.code) ? 2 : 1;
}

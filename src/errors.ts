/**
 * Every kind of failure a caller, a script or a person may want to tell apart.
 * The meaning of each code, and what to do about it, is in docs/errors.md; a test keeps the two lists equal.
 */
export const errorCodes = [
  'usage',
  'config-invalid',
  'request-invalid',
  'unknown-variant',
  'source-missing',
  'source-unsafe',
  'source-without-configuration',
  'no-builder',
  'engine-unreachable',
  'image-pull-failed',
  'boot-medium-missing',
  'boot-medium-failed',
  'vm-start-failed',
  'builder-lost',
  'not-ready',
  'watcher-failed',
  'connection-failed',
  'connection-lost',
  'host-key-mismatch',
  'command-failed',
  'boot-unavailable',
  'boot-ended',
  'transfer-damaged',
  'pipe-timeout',
  'script-rejected',
  'build-failed',
  'limit-reached',
  'disk-full',
  'out-of-memory',
  'interrupted',
  'record-failed',
  'no-artifact',
  'not-found',
  'not-finished',
  'pinned',
  'unauthorized',
  'server-unreachable',
  'data-in-use',
  'stopping',
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export interface NexusErrorOptions {
  /** What the person should do next, as a sentence. */
  hint?: string | undefined;
  cause?: unknown;
}

/** The one error class of the project: `message` says what failed and with which value, `hint` what to do. */
export class NexusError extends Error {
  override readonly name = 'NexusError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: NexusErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}

export interface ErrorReport {
  code: ErrorCode;
  message: string;
  hint?: string | undefined;
}

/** The form in which a failure is stored in a build record and sent over the API. */
export function reportError(error: unknown): ErrorReport {
  if (error instanceof NexusError) return { code: error.code, message: error.message, hint: error.hint };
  if (isDiskFull(error)) {
    const hint = 'Make room on that disk, or let `nexus gc` do it.';
    return { code: 'disk-full', message: `A disk here is full: ${messageOf(error)}`, hint };
  }
  return { code: 'internal', message: messageOf(error) };
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The system error code (`ENOENT`, `ECONNREFUSED` …) of anything that was thrown, if it has one. */
export function systemCodeOf(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}

/** Whether a disk or a quota of this machine is full, however deep that is in an error. */
export function isDiskFull(error: unknown): boolean {
  const code = systemCodeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return true;
  return error instanceof Error && error.cause !== undefined && isDiskFull(error.cause);
}

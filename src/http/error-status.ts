import type { ErrorCode } from '../errors.ts';

/** HTTP status of each error code; everything else is 500. */
const statuses: Partial<Record<ErrorCode, number>> = {
  'request-invalid': 400,
  'unknown-variant': 400,
  'source-unsafe': 400,
  'source-without-configuration': 400,
  unauthorized: 401,
  'not-found': 404,
  'not-finished': 409,
  'boot-unavailable': 409,
  'boot-ended': 409,
  pinned: 409,
  stopping: 503,
  'no-builder': 503,
  'engine-unreachable': 503,
};

export function statusOf(code: ErrorCode): number {
  return statuses[code] ?? 500;
}

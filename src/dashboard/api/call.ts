import type { ErrorReport } from '../../errors.ts';
import { connection } from './connection.ts';

/** What the orchestrator answered instead of what was asked for. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string;
  readonly hint: string | undefined;

  constructor({ code, message, hint }: Omit<ErrorReport, 'code'> & { code: string }) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** Nobody answered at all. */
export class LostError extends Error {
  override readonly name = 'LostError';
}

/**
 * A call of the API with our session.
 * @throws {ApiError} what the orchestrator says is wrong.
 * @throws {LostError} when nobody answers.
 */
export async function call(path: string, init: RequestInit = {}): Promise<Response> {
  let reply: Response;
  try {
    reply = await fetch(path, { cache: 'no-store', ...init });
  } catch (cause) {
    init.signal?.throwIfAborted();
    throw new LostError('The orchestrator does not answer', { cause });
  }
  if (reply.ok) return reply;
  const error = await errorOf(reply);
  if (reply.status === 401 && path.startsWith('/api/')) connection.set('logged-out');
  throw error;
}

async function errorOf(reply: Response): Promise<Error> {
  const text = await reply.text();
  try {
    return new ApiError(JSON.parse(text).error);
  } catch (cause) {
    // A proxy in between speaks for an orchestrator that is not there.
    return new LostError(`The server answered ${reply.status}`, { cause });
  }
}

export async function callJson<T>(path: string, init?: RequestInit): Promise<T> {
  return (await call(path, init)).json();
}

export const asJson = (method: string, body: unknown): RequestInit => ({
  method,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

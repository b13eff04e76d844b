import { createHmac } from 'node:crypto';
import { messageOf, NexusError } from '../errors.ts';
import { anySignal } from '../transport/signals.ts';
import type { Message } from './message.ts';

export interface WebhookTarget {
  url: string;
  secret: string | undefined;
}

const limitMs = 15_000;

/** Answers that another try cannot change. */
const final = (status: number) => status >= 400 && status < 500 && ![408, 425, 429].includes(status);

/** The receiver has said that it does not want this message. */
export class MessageRefused extends NexusError {}

/**
 * The headers of https://www.standardwebhooks.com, which has a library to check them in most languages.
 * @param seconds when it is sent, since 1970.
 */
export function signedHeaders(id: string, body: string, seconds: number, secret: string | undefined) {
  const headers = { 'webhook-id': id, 'webhook-timestamp': String(seconds) };
  if (secret === undefined) return headers;
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : secret;
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  return { ...headers, 'webhook-signature': `v1,${signature}` };
}

/** @throws {MessageRefused} when there is no use in trying again. @throws any other error when there is. */
export async function deliverMessage(
  { url, secret }: WebhookTarget,
  message: Message,
  signal: AbortSignal,
): Promise<void> {
  const body = JSON.stringify(message);
  const headers = signedHeaders(message.id, body, Math.floor(Date.now() / 1000), secret);
  let reply: Response;
  try {
    reply = await fetch(url, {
      ...{ method: 'POST', body, redirect: 'manual' },
      headers: { 'content-type': 'application/json', 'user-agent': 'nexus-builder', ...headers },
      signal: anySignal(signal, AbortSignal.timeout(limitMs)),
    });
    await reply.body?.cancel();
  } catch (error) {
    signal.throwIfAborted();
    const why = error instanceof Error && error.cause !== undefined ? error.cause : error;
    // Not a TypeError, which p-retry would take for a mistake of ours.
    throw new Error(`The webhook could not be reached: ${messageOf(why)}`, { cause: error });
  }
  if (reply.ok) return;
  const said = `The webhook answered ${reply.status}`;
  throw final(reply.status) ? new MessageRefused('internal', said) : new Error(said);
}

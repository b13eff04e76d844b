import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { NexusError } from '../errors.ts';

/** A check for `Authorization: Bearer TOKEN` that takes the same time whatever is wrong. */
export function authorizer(token: string) {
  const expected = digest(`Bearer ${token}`);
  return async (request: FastifyRequest) => {
    const given = digest(request.headers.authorization ?? '');
    if (timingSafeEqual(given, expected)) return;
    throw new NexusError('unauthorized', 'This request has no valid token', {
      hint: 'Send the header “Authorization: Bearer TOKEN”; `nexus token` prints the token.',
    });
  };
}

const digest = (text: string) => createHash('sha256').update(text).digest();

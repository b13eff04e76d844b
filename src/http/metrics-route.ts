import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Access } from './access.ts';
import { authorizer } from './authorize.ts';
import type { ApiServer, ServerParts } from './server-parts.ts';

/** `GET /metrics` for Prometheus, with the token of the API or one that is for nothing else. */
export function metricsRoute(
  server: ApiServer,
  { metrics, metricsToken }: ServerParts,
  access: Access,
): void {
  const authorize = authorizer(access);
  const onRequest = async (request: FastifyRequest) => {
    if (metricsToken !== undefined && isToken(request.headers.authorization, metricsToken)) return;
    await authorize(request);
  };
  server.get('/metrics', { schema: { hide: true }, onRequest }, async (_request, reply) =>
    reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8').send(metrics.text()),
  );
}

/** Takes the same time whatever is wrong. */
const isToken = (given: string | undefined, token: string) =>
  timingSafeEqual(digest(given ?? ''), digest(`Bearer ${token}`));

const digest = (text: string) => createHash('sha256').update(text).digest();

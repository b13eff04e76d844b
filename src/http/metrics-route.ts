import type { FastifyRequest } from 'fastify';
import { authorizer } from './authorize.ts';
import type { ApiServer, ServerParts } from './server-parts.ts';

/** `GET /metrics` for Prometheus, with the token of the API or one that is for nothing else. */
export function metricsRoute(server: ApiServer, { metrics, token, metricsToken }: ServerParts): void {
  const checks = [token, ...(metricsToken === undefined ? [] : [metricsToken])].map(authorizer);
  const authorize = async (request: FastifyRequest) => {
    const results = await Promise.allSettled(checks.map((check) => check(request)));
    const refused = results.filter((result) => result.status === 'rejected');
    if (refused.length === checks.length) throw refused[0]?.reason;
  };
  server.get('/metrics', { schema: { hide: true }, onRequest: authorize }, async (_request, reply) =>
    reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8').send(metrics.text()),
  );
}

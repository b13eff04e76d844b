import swagger from '@fastify/swagger';
import websocket from '@fastify/websocket';
import type { FastifyError } from 'fastify';
import {
  hasZodFastifySchemaValidationErrors,
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { NexusError, reportError } from '../errors.ts';
import { Access } from './access.ts';
import { authorizer } from './authorize.ts';
import { bootRoutes } from './boot-routes.ts';
import { buildRoutes } from './build-routes.ts';
import { builderRoutes } from './builder-routes.ts';
import { dashboardRoutes, securityHeaders } from './dashboard-routes.ts';
import { statusOf } from './error-status.ts';
import { eventRoutes } from './event-routes.ts';
import { keepRoutes } from './keep-routes.ts';
import { metricsRoute } from './metrics-route.ts';
import { newServer, type ServerParts } from './server-parts.ts';
import { loginCodeRoutes, sessionRoutes } from './session.ts';
import { sourceRoutes } from './source-routes.ts';
import { stopRoutes } from './stop-routes.ts';
import { logRoutes } from './stream-routes.ts';

/** The HTTP API, where everything under /api/v1 needs the token or a session, and the dashboard. */
export async function makeServer(parts: ServerParts) {
  const server = newServer();
  const access = new Access(parts.token);
  server.addHook('onRequest', async (_request, reply) => void reply.headers(securityHeaders));
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  server.setErrorHandler((error: FastifyError | NexusError, request, reply) => {
    const known = asNexusError(error);
    if (known.code === 'internal')
      parts.logger.error('Request failed', { url: request.url, why: error.stack });
    // A stream that failed before its first byte has already said what it would have been.
    reply.removeHeader('content-length').header('content-type', 'application/json; charset=utf-8');
    return reply.status(statusOf(known.code)).send({ error: reportError(known) });
  });
  server.setNotFoundHandler((request, reply) => {
    const error = new NexusError('not-found', `There is no ${request.method} ${request.url}`, {
      hint: 'See /openapi.json',
    });
    return reply.status(404).send({ error: reportError(error) });
  });
  await server.register(swagger, {
    openapi: {
      info: { title: 'Nexus Builder', version: parts.version, description: 'Builds bootable NixOS images.' },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
    transform: jsonSchemaTransform,
  });
  await server.register(websocket);
  server.get('/health', { schema: { hide: true } }, async () => ({ status: 'ok', version: parts.version }));
  server.get('/openapi.json', { schema: { hide: true } }, async () => server.swagger());
  sessionRoutes(server, access);
  await dashboardRoutes(server);
  metricsRoute(server, parts, access);
  await server.register(
    async (api) => {
      api.addHook('onRequest', authorizer(access));
      const routes = api.withTypeProvider<ZodTypeProvider>();
      sourceRoutes(routes, parts);
      buildRoutes(routes, parts);
      keepRoutes(routes, parts);
      logRoutes(routes, parts);
      eventRoutes(routes, parts);
      builderRoutes(routes, parts);
      loginCodeRoutes(routes, access);
      stopRoutes(routes, parts);
      bootRoutes(routes, parts);
    },
    { prefix: '/api/v1' },
  );
  return server;
}

function asNexusError(error: FastifyError | NexusError): NexusError {
  if (error instanceof NexusError) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const wrong = error.validation.map(({ instancePath, message }) => `${instancePath || '/'}: ${message}`);
    return new NexusError('request-invalid', `The request is wrong: ${wrong.join('; ')}`, { cause: error });
  }
  if (error.statusCode !== undefined && error.statusCode < 500) {
    return new NexusError('request-invalid', error.message, { cause: error });
  }
  return new NexusError('internal', `The orchestrator failed: ${error.message}`, { cause: error });
}

import { z } from 'zod';
import { stopModes } from '../config.ts';
import { errorReply, stopReply } from './schemas.ts';
import type { ApiServer, ServerParts } from './server-parts.ts';

export function stopRoutes(api: ApiServer, { stop, stopMode }: ServerParts): void {
  api.post(
    '/stop',
    {
      schema: {
        summary: 'Stop the orchestrator; answers at once',
        body: z
          .strictObject({
            builds: z
              .enum(stopModes)
              .optional()
              .describe('leave them running, let those that run finish, or cancel all (default: NEXUS_STOP)'),
          })
          .nullish(),
        response: { 202: stopReply, '4xx': errorReply },
      },
    },
    async ({ body }, reply) => {
      const builds = body?.builds ?? stopMode;
      // Stopping closes this connection too, so the answer goes first.
      reply.raw.once('close', () => stop(builds));
      return reply.status(202).header('connection', 'close').send({ builds });
    },
  );
}

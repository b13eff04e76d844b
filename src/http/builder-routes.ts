import type { BuilderLife } from '../builders/builder-life.ts';
import { messageOf } from '../errors.ts';
import { builderConsole, builderStatus, errorReply } from './schemas.ts';
import type { ApiServer, ServerParts } from './server-parts.ts';

export function builderRoutes(api: ApiServer, { life, builds, logger }: ServerParts): void {
  api.get(
    '/builder',
    { schema: { summary: 'State of the builder', response: { 200: builderStatus } } },
    async () => replyOf(life),
  );
  api.get(
    '/builder/console',
    { schema: { summary: 'The end of the builder’s console', response: { 200: builderConsole } } },
    async () => ({ text: await life.consoleTail() }),
  );
  api.post(
    '/builder/start',
    { schema: { summary: 'Make the builder ready; answers at once', response: { 202: builderStatus } } },
    async (_request, reply) => {
      life.start().catch((error) => logger.warn('Builder did not start', { why: messageOf(error) }));
      return reply.status(202).send(replyOf(life));
    },
  );
  api.post(
    '/builder/image',
    {
      schema: {
        summary: 'Make the builder ISO now, if it is not there; answers at once',
        response: { 202: builderStatus },
      },
    },
    async (_request, reply) => {
      life.prepare().catch((error) => logger.warn('Builder was not prepared', { why: messageOf(error) }));
      return reply.status(202).send(replyOf(life));
    },
  );
  api.post(
    '/builder/stop',
    {
      schema: {
        summary: 'Cancel what runs, then power the builder down',
        response: { 200: builderStatus, '4xx': errorReply },
      },
    },
    async () => {
      await builds.cancelAll();
      await life.stop();
      return replyOf(life);
    },
  );
}

/** The status with the step and the error as JSON has them: nothing undefined. */
export function replyOf(life: BuilderLife) {
  return builderStatus.parse(life.status());
}

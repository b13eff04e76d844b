import { createReadStream, type ReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { FastifyReply } from 'fastify';
import { createWebSocketStream } from 'ws';
import { z } from 'zod';
import { firmwares } from '../boot/firmware.ts';
import { bootCheckRequest } from '../builds/boot-check-request.ts';
import { bootCheckSchema, liveBootSchema } from '../builds/boot-records.ts';
import { messageOf, NexusError } from '../errors.ts';
import { buildId, errorReply } from './schemas.ts';
import type { ApiServer, ServerParts } from './server-parts.ts';

const choices = z.strictObject({
  artifact: z.string().optional(),
  firmware: z.enum(firmwares).optional(),
  memory: z
    .number()
    .int()
    .min(128)
    .max(1024 * 1024)
    .optional()
    .describe('MiB'),
});

const bootId = z.object({ id: z.string().regex(/^[0-9a-f]{8}$/) });

/** Images in machines of their own: the checks of builds, and those that a person looks at. */
export function bootRoutes(api: ApiServer, { store, bootChecks, liveBoots }: ServerParts): void {
  api.post(
    '/builds/:id/boot-check',
    {
      schema: {
        summary: 'Boot a throw-away copy and judge how far it comes; answers at once',
        params: buildId,
        body: bootCheckRequest,
        response: { 202: bootCheckSchema, '4xx': errorReply, '5xx': errorReply },
      },
    },
    async ({ params, body }, reply) =>
      reply.status(202).send(await bootChecks.request(await store.get(params.id), body)),
  );
  api.get(
    '/builds/:id/boot-check',
    {
      schema: {
        summary: 'The boot check of a build',
        params: buildId,
        response: { 200: bootCheckSchema, '4xx': errorReply },
      },
    },
    async ({ params }) => {
      const check = await bootChecks.get((await store.get(params.id)).id);
      if (check) return check;
      throw new NexusError('not-found', `Build ${params.id} was not booted`, {
        hint: `nexus check-boot ${params.id} boots it.`,
      });
    },
  );
  for (const [what, type] of [
    ['screenshot', 'image/png'],
    ['serial', 'text/plain; charset=utf-8'],
  ] as const) {
    api.get(
      `/builds/:id/boot-check/${what}`,
      {
        schema: {
          summary: `The ${what} of a boot check`,
          params: buildId,
          produces: [type],
          response: { '4xx': errorReply },
        },
      },
      async ({ params }, reply) => {
        const file = bootChecks.file((await store.get(params.id)).id, what);
        try {
          await access(file);
        } catch (cause) {
          throw new NexusError('not-found', `Build ${params.id} has no ${what} of a boot`, { cause });
        }
        return sendAs(reply, type, createReadStream(file));
      },
    );
  }
  api.post(
    '/builds/:id/boot',
    {
      schema: {
        summary: 'Boot an image to look at it',
        params: buildId,
        body: choices,
        response: { 201: liveBootSchema, '4xx': errorReply, '5xx': errorReply },
      },
    },
    async ({ params, body }, reply) =>
      reply.status(201).send(await liveBoots.start(await store.get(params.id), body)),
  );
  api.get(
    '/boots',
    {
      schema: {
        summary: 'The images that run',
        response: { 200: z.object({ boots: z.array(liveBootSchema) }) },
      },
    },
    async () => ({ boots: liveBoots.list() }),
  );
  api.get(
    '/boots/:id',
    {
      schema: {
        summary: 'One of them',
        params: bootId,
        response: { 200: liveBootSchema, '4xx': errorReply },
      },
    },
    async ({ params }) => liveBoots.get(params.id),
  );
  api.get(
    '/boots/:id/screenshot',
    {
      schema: {
        summary: 'Its screen',
        params: bootId,
        produces: ['image/png'],
        response: { '4xx': errorReply },
      },
    },
    async ({ params }, reply) => sendAs(reply, 'image/png', await liveBoots.screenshot(params.id)),
  );
  for (const socket of ['serial', 'vnc'] as const) {
    api.get(
      `/boots/:id/${socket}`,
      {
        websocket: true,
        schema: {
          summary: `Its ${socket === 'vnc' ? 'screen as RFB' : 'serial line'}, as a WebSocket`,
          params: bootId,
        },
      },
      async (webSocket, { params }) => {
        const here = createWebSocketStream(webSocket);
        try {
          const machine = await liveBoots.connect(params.id, socket);
          await Promise.race([pipeline(here, machine), pipeline(machine, here)]);
        } catch (error) {
          // 1011: the server ran into something (RFC 6455, 7.4.1); a reason has 123 bytes at most.
          webSocket.close(1011, messageOf(error).slice(0, 100));
        } finally {
          webSocket.close();
        }
      },
    );
  }
  api.delete(
    '/boots/:id',
    { schema: { summary: 'End it', params: bootId, response: { 204: z.null() } } },
    async ({ params }, reply) => {
      await liveBoots.end(params.id);
      return reply.status(204).send(null);
    },
  );
}

/** What changes is not to be kept by a browser. */
function sendAs(reply: FastifyReply, type: string, content: ReadStream | Buffer) {
  return reply.headers({ 'content-type': type, 'cache-control': 'no-store' }).send(content);
}

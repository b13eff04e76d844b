import { z } from 'zod';
import { gcReport } from '../retention/gc-report.ts';
import { buildId, errorReply, pinReply } from './schemas.ts';
import type { ApiServer, ServerParts } from './server-parts.ts';

/** What is kept of builds, and what is not. */
export function keepRoutes(api: ApiServer, { garbage }: ServerParts): void {
  const pin = { params: buildId, response: { 200: pinReply, '4xx': errorReply } };
  api.post(
    '/builds/:id/pin',
    { schema: { summary: 'Keep a build whatever else is removed', ...pin } },
    async ({ params }) => garbage.pin(params.id, true),
  );
  api.post(
    '/builds/:id/unpin',
    { schema: { summary: 'Let a build be removed like any other', ...pin } },
    async ({ params }) => garbage.pin(params.id, false),
  );
  api.delete(
    '/builds/:id',
    {
      schema: {
        summary: 'Remove a finished build: its record and its log, and its artifacts when that is said',
        params: buildId,
        querystring: z.object({ artifacts: z.stringbool().default(false) }),
        response: { 200: gcReport, '4xx': errorReply },
      },
    },
    async ({ params, query }) => garbage.remove(params.id, query.artifacts),
  );
  api.post(
    '/gc',
    {
      schema: {
        summary: 'Remove what nobody needs, or say what that would be',
        body: z.strictObject({ dryRun: z.boolean().default(false) }),
        response: { 200: gcReport, '4xx': errorReply },
      },
    },
    async ({ body }) => garbage.collect(body.dryRun),
  );
}

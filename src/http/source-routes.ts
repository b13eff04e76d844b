import { Readable } from 'node:stream';
import { z } from 'zod';
import { NexusError } from '../errors.ts';
import { errorReply, foundSource, sourceFingerprint, sourceReply } from './schemas.ts';
import type { ApiServer, ServerParts } from './server-parts.ts';

export function sourceRoutes(api: ApiServer, { sources }: ServerParts): void {
  // The body is a stream and is never collected in memory.
  api.addContentTypeParser('application/x-tar', (_request, body, done) => done(null, body));
  api.post(
    '/sources',
    {
      bodyLimit: Number.MAX_SAFE_INTEGER,
      schema: {
        summary: 'Upload a source: a tar archive (content type application/x-tar)',
        querystring: z.object({ fingerprint: sourceFingerprint.optional() }),
        consumes: ['application/x-tar'],
        response: { 201: sourceReply, '4xx': errorReply },
      },
    },
    async ({ body, query }, reply) => {
      if (!(body instanceof Readable)) {
        throw new NexusError('request-invalid', 'The request has no tar archive', {
          hint: 'Send one with content type application/x-tar.',
        });
      }
      const id = await sources.add(body);
      if (query.fingerprint) sources.know(query.fingerprint, id);
      return reply.status(201).send({ id });
    },
  );
  api.get(
    '/sources',
    {
      schema: {
        summary: 'Find a source that was uploaded with this fingerprint, and need not be sent again',
        querystring: z.object({ fingerprint: sourceFingerprint }),
        response: { 200: foundSource, '4xx': errorReply },
      },
    },
    async ({ query }) => ({ id: (await sources.find(query.fingerprint)) ?? null }),
  );
}

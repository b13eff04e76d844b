import { Readable } from 'node:stream';
import { NexusError } from '../errors.ts';
import { errorReply, sourceReply } from './schemas.ts';
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
        consumes: ['application/x-tar'],
        response: { 201: sourceReply, '4xx': errorReply },
      },
    },
    async ({ body }, reply) => {
      if (!(body instanceof Readable)) {
        throw new NexusError('request-invalid', 'The request has no tar archive', {
          hint: 'Send one with content type application/x-tar.',
        });
      }
      return reply.status(201).send({ id: await sources.add(body) });
    },
  );
}

import type { Readable } from 'node:stream';
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
    async (request, reply) => {
      const id = await sources.add(request.body as Readable);
      return reply.status(201).send({ id });
    },
  );
}

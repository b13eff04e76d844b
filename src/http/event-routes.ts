import { z } from 'zod';
import { buildEvent } from '../builds/event.ts';
import { eventsSoFar, followEvents } from '../builds/event-stream.ts';
import { anySignal } from '../transport/signals.ts';
import { goneSignal, heartbeatMs, stream } from './reply-stream.ts';
import { buildId, errorReply } from './schemas.ts';
import type { ApiServer, ServerParts } from './server-parts.ts';

/** How many events one reply has; whoever wants more asks again, from the last one on. */
const mostEvents = 1000;

const number = z.coerce.number().int().nonnegative();

export function eventRoutes(api: ApiServer, { store, paths, closing }: ServerParts): void {
  api.get(
    '/builds/:id/events',
    {
      schema: {
        summary: 'What has happened to a build, after event `since`',
        description: `At most ${mostEvents} events as JSON. With \`Accept: text/event-stream\`, all of them and those to come, until the build has ended; \`Last-Event-ID\` stands for \`since\`.`,
        params: buildId,
        querystring: z.object({ since: number.default(0) }),
        headers: z.looseObject({ accept: z.string().optional(), 'last-event-id': number.optional() }),
        response: { 200: z.object({ events: z.array(buildEvent) }), '4xx': errorReply },
      },
    },
    async ({ params, query, headers }, reply) => {
      const { id } = store.summary(params.id);
      const since = headers['last-event-id'] ?? query.since;
      const options = { store, id, journal: paths.build(id).events, since };
      if (!headers.accept?.includes('text/event-stream'))
        return { events: await eventsSoFar(options, mostEvents) };
      const signal = anySignal(closing, goneSignal(reply));
      return stream(reply, 'text/event-stream', serverSent(followEvents(options, heartbeatMs, signal)));
    },
  );
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html: a line with only a colon says that we live. */
async function* serverSent(events: ReturnType<typeof followEvents>): AsyncGenerator<string> {
  for await (const event of events) {
    yield event ? `id: ${event.n}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n` : ':\n\n';
  }
}

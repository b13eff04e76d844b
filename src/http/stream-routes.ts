import { z } from 'zod';
import { isFinished } from '../builds/build.ts';
import { streamLog } from '../builds/log-stream.ts';
import type { BuildStore } from '../builds/store.ts';
import { renderStream } from '../progress/log-text.ts';
import { anySignal, waitAtMost } from '../transport/signals.ts';
import { replyOf } from './builder-routes.ts';
import { goneSignal, heartbeatMs, stream } from './reply-stream.ts';
import { buildId, errorReply, type WatchLine } from './schemas.ts';
import type { ApiServer, ServerParts } from './server-parts.ts';

/** Changes closer together than this are told once; the end is told at once. */
const coalesceMs = 100;

export function logRoutes(api: ApiServer, parts: ServerParts): void {
  const { store, paths } = parts;
  api.get(
    '/builds/:id/log',
    {
      schema: {
        summary: 'The log, from a byte offset on, as it grows until the build has ended',
        description:
          'As text for people, or raw, as Nix wrote it (internal-json). The offset counts bytes of the format that ' +
          'is asked for: to take a broken stream up again, ask for the same format from the number of bytes that ' +
          'had come. The text of a log never changes, so this is exact in both; raw is found at once, text is ' +
          'made anew from the start.',
        params: buildId,
        querystring: z.object({
          offset: z.coerce.number().int().nonnegative().default(0),
          follow: z.stringbool().default(true),
          format: z.enum(['text', 'raw']).default('text'),
        }),
        produces: ['text/plain'],
        response: { '4xx': errorReply },
      },
    },
    async ({ params, query }, reply) => {
      const { id } = store.summary(params.id);
      const signal = anySignal(parts.closing, goneSignal(reply));
      const ended = query.follow ? endedSignal(store, id, signal) : AbortSignal.abort();
      const { format, offset } = query;
      const raw = streamLog(paths.build(id).log, { offset: format === 'raw' ? offset : 0, ended, signal });
      return stream(reply, 'text/plain; charset=utf-8', format === 'raw' ? raw : renderStream(raw, offset));
    },
  );
  api.get(
    '/builds/:id/watch',
    {
      schema: {
        summary: 'The build and the builder as JSON lines: now, on every change, until the build has ended',
        params: buildId,
        produces: ['application/x-ndjson'],
        response: { '4xx': errorReply },
      },
    },
    async ({ params }, reply) => {
      const { id } = store.summary(params.id);
      const signal = anySignal(parts.closing, goneSignal(reply));
      return stream(reply, 'application/x-ndjson', watch(parts, id, signal));
    },
  );
}

async function* watch(
  { builds, store, life, board }: ServerParts,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let wake = () => {};
  const ended = aborted(endedSignal(store, id, signal));
  // What others do changes how long one that waits for its turn has to wait.
  const concerns = (changed: string) => changed === id || store.summary(id).state === 'queued';
  const stop = [
    store.onChange((build) => concerns(build.id) && wake()),
    life.onChange(() => wake()),
    board.onChange((changed) => changed === id && wake()),
  ];
  try {
    while (true) {
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const build = builds.shown(await store.get(id));
      const line: WatchLine = { build: { ...build, progress: board.of(id) }, builder: replyOf(life) };
      yield `${JSON.stringify(line)}\n`;
      if (isFinished(build)) return;
      while (!(await waitAtMost(changed, heartbeatMs, signal))) yield '\n';
      await waitAtMost(ended, coalesceMs, signal);
    }
  } finally {
    for (const end of stop) end();
  }
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** Aborts when the build has ended. */
function endedSignal(store: BuildStore, id: string, signal: AbortSignal): AbortSignal {
  const ended = new AbortController();
  const stop = store.onChange((build) => build.id === id && isFinished(build) && end());
  const end = () => {
    stop();
    ended.abort();
  };
  signal.addEventListener('abort', end, { once: true });
  if (isFinished(store.summary(id))) end();
  return ended.signal;
}

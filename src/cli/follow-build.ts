import type { Build } from '../builds/build.ts';
import { isFinished } from '../builds/build.ts';
import { NexusError } from '../errors.ts';
import type { ApiClient } from './api-client.ts';
import type { Context } from './context.ts';
import type { BuildView } from './live/build-view.ts';

/** Exit status after Ctrl-C: 128 + SIGINT, as shells have it. */
export const detachedStatus = 130;

export interface FollowOptions {
  /** Where to write the build's own output, when it is wanted. */
  log?: NodeJS.WriteStream | undefined;
}

/**
 * Shows the progress of a build until it has ended.
 * @returns the finished build, or nothing when Ctrl-C detached from it.
 */
export async function followBuild(
  client: ApiClient,
  id: string,
  context: Context,
  { log }: FollowOptions = {},
) {
  const { err } = context;
  const detached = new AbortController();
  const detach = () => {
    if (detached.signal.aborted) process.exit(detachedStatus);
    detached.abort();
  };
  process.on('SIGINT', detach);
  try {
    const { buildView } = await import('./live/build-view.ts');
    using view = buildView(context, log);
    const logged = log ? copyLog(client, id, view, detached.signal) : Promise.resolve();
    // When both fail, it is `watch` that tells.
    logged.catch(() => {});
    const build = await watch(client, id, view, detached.signal);
    await logged;
    return build;
  } catch (error) {
    if (!detached.signal.aborted) throw error;
    err.write(
      `\nDetached; the build goes on. To come back: nexus watch ${id}   Its output: nexus logs ${id}   To end it: nexus cancel ${id}\n`,
    );
    return undefined;
  } finally {
    process.removeListener('SIGINT', detach);
  }
}

async function watch(client: ApiClient, id: string, view: BuildView, signal: AbortSignal): Promise<Build> {
  let last: Build | undefined;
  for await (const news of client.watch(id, signal)) {
    last = news.build;
    if (!isFinished(news.build)) view.show(news);
  }
  if (last && isFinished(last)) return last;
  throw new NexusError('server-unreachable', `The orchestrator went away while build ${id} ran`, {
    hint: `When it is back: nexus show ${id}`,
  });
}

async function copyLog(client: ApiClient, id: string, view: BuildView, signal: AbortSignal): Promise<void> {
  for await (const chunk of client.log(id, { follow: true, signal })) view.log(chunk);
}

import type { BridgeEvent, BridgeEventOf } from '../bridge/messages.ts';
import type { StartedBuilder } from '../builders/builder.ts';
import { NexusError } from '../errors.ts';
import type { Build } from './build.ts';
import type { Happening } from './transition.ts';

export interface WatchBuildOptions {
  build: Build;
  builder: StartedBuilder;
  /** Aborts when the build shall end. */
  signal: AbortSignal;
  happen: (happening: Happening) => Promise<unknown>;
}

export interface Outcome {
  finished: BridgeEventOf<'finished'>;
  artifacts: BridgeEventOf<'artifact'>[];
}

/** How long the builder may take to end a cancelled build before we stop waiting for its word. */
const cancelMs = 30_000;

/** Reads the events of a build until it has finished, and has the builder end it when the signal aborts. */
export async function watchBuild(
  options: WatchBuildOptions,
  events: AsyncIterable<BridgeEvent>,
): Promise<Outcome> {
  const { happen, signal } = options;
  const artifacts: Outcome['artifacts'] = [];
  const cancelling = new AbortController();
  const cancel = () => void cancelOnBuilder(options).catch((error) => cancelling.abort(error));
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  try {
    for await (const event of untilAborted(events, cancelling.signal)) {
      if (event.type === 'started') await happen({ type: 'started' });
      if (event.type === 'phase') {
        await happen({ type: 'phase', phase: event.detail ? `${event.phase} ${event.detail}` : event.phase });
      }
      if (event.type === 'artifact') artifacts.push(event);
      if (event.type === 'finished') return { finished: event, artifacts };
    }
    throw new Error('unreachable: the events of a build end with finished or with an error');
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

/** The build ends with a `finished` event of its own; only when that does not come do we give up. */
async function cancelOnBuilder({ build, builder }: WatchBuildOptions): Promise<never> {
  const limit = AbortSignal.timeout(cancelMs);
  const id = `cancel-${build.id}`;
  await builder.pipe.send(id, `# nexus-build: ${id}\nnexus-cancel ${build.id}\n`, limit);
  await new Promise((resolve) => limit.addEventListener('abort', resolve, { once: true }));
  throw new NexusError(
    'pipe-timeout',
    `The builder did not end build ${build.id} within ${cancelMs / 1000} s`,
  );
}

async function* untilAborted<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  const aborted = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  );
  aborted.catch(() => {});
  try {
    while (true) {
      const { value, done } = await Promise.race([iterator.next(), aborted]);
      if (done) return;
      yield value;
    }
  } finally {
    // Not awaited: a source that still waits for its next item would never answer.
    void iterator.return?.();
  }
}

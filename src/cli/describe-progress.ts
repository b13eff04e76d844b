import type { WatchLine } from '../http/schemas.ts';
import { formatBytes } from './format.ts';

export interface Progress {
  /** Changes when there is something new to say; counters within a step do not change it. */
  key: string;
  text: string;
}

/** What a build does now, in one line. */
export function describeProgress(line: WatchLine): Progress {
  const { unreachableSince } = line.builder;
  if (!unreachableSince || !onBuilder.includes(line.build.state)) return describeBuild(line);
  return say(
    `the builder does not answer since ${timeOfDay(unreachableSince)}; connecting again, the build goes on there`,
  );
}

const onBuilder: WatchLine['build']['state'][] = ['preparing', 'building', 'collecting'];

const timeOfDay = (date: string) => new Date(date).toTimeString().slice(0, 8);

function describeBuild({ build, builder }: WatchLine): Progress {
  if (build.cancelling && build.finishedAt === null) return say('being cancelled');
  switch (build.state) {
    case 'queued':
      return describeQueued(build, builder);
    case 'preparing':
      return say(build.waiting ?? 'sending the source to the builder');
    case 'building':
      return say(build.waiting ?? build.phase ?? 'running');
    case 'collecting':
      return describeFetch(build);
    case 'succeeded':
    case 'failed':
    case 'cancelled':
      return say(build.state);
  }
}

function describeQueued({ waiting }: WatchLine['build'], builder: WatchLine['builder']): Progress {
  if (waiting && !/^the builder is starting/.test(waiting))
    return describeStep('waiting for its turn', waiting);
  return builder.state === 'starting' ? describeStart(builder) : say('waiting for its turn');
}

function describeStart({ kind, step }: WatchLine['builder']): Progress {
  if (!step) return say('starting the builder');
  const where = `starting the builder (${kind}), ${step.step} of ${step.of}: ${step.description}`;
  return describeStep(where, step.detail);
}

/** A counter that goes on is no news; another text is. */
export function describeStep(where: string, detail: string | undefined): Progress {
  if (!detail) return say(where);
  const text = `${where}: ${detail}`;
  return { key: text.replace(/\d+/g, ''), text };
}

function describeFetch({ artifacts, fetched }: WatchLine['build']): Progress {
  const total = artifacts.reduce((sum, { bytes }) => sum + bytes, 0);
  const key = `fetching ${formatBytes(total)}`;
  return { key, text: total > 0 ? `${key}: ${Math.floor((100 * fetched) / total)} %` : key };
}

const say = (text: string): Progress => ({ key: text, text });

import type { BuildView, WatchLine } from '../http/schemas.ts';
import type { Eta } from '../progress/schema.ts';
import { formatBytes, formatDuration } from './format.ts';

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
      return build.waiting ? say(build.waiting) : describeBuilding(build);
    case 'collecting':
      return build.waiting ? say(`waiting: ${build.waiting}`) : describeFetch(build);
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

/** Another derivation is news; how many are done is not. */
export function describeBuilding({ phase, progress }: Pick<BuildView, 'phase' | 'progress'>): Progress {
  const what = phase ?? 'running';
  if (!progress) return say(what);
  const { stage, paths, bytes, derivations, running, note, eta } = progress;
  const fetched = `${paths.done} of ${paths.total} paths (${formatBytes(bytes.done)} of ${formatBytes(bytes.total)})`;
  const first = running[0];
  const counts = [
    ...(paths.total > paths.done ? [`fetched ${fetched}`] : []),
    ...(derivations.total > 0 ? [`built ${derivations.done} of ${derivations.total} derivations`] : []),
    ...(first ? [`now ${first.name}${first.phase ? ` (${first.phase})` : ''}`] : []),
    ...(eta ? [describeEta(eta)] : []),
    ...(note ? [note] : []),
  ];
  const stalled = note !== null && first?.writesImage !== true;
  return {
    key: `${what} ${stage} ${first?.name ?? ''} ${stalled}`,
    text: counts.length > 0 ? `${what}: ${counts.join(', ')}` : what,
  };
}

/** `about 2 to 4 min left`; nothing when it is not known. */
export function describeEta(eta: Eta | null | undefined): string {
  if (!eta) return '';
  const [low, high] = [round(eta.low), round(eta.high)];
  if (high < 60) return low === high ? `about ${high} s left` : `about ${low} to ${high} s left`;
  const [from, to] = [Math.round(low / 60), Math.round(high / 60)];
  if (to < 120) return from === to ? `about ${to} min left` : `about ${from} to ${to} min left`;
  return `about ${formatDuration(low * 1000)} to ${formatDuration(high * 1000)} left`;
}

/** An estimate is not known to the second. */
const round = (seconds: number) => (seconds < 10 ? Math.max(1, seconds) : Math.ceil(seconds / 5) * 5);

function describeFetch({ artifacts, fetched }: WatchLine['build']): Progress {
  const total = artifacts.reduce((sum, { bytes }) => sum + bytes, 0);
  const key = `fetching ${formatBytes(total)}`;
  return { key, text: total > 0 ? `${key}: ${Math.floor((100 * fetched) / total)} %` : key };
}

const say = (text: string): Progress => ({ key: text, text });

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join, posix } from 'node:path';
import { finished as streamFinished } from 'node:stream/promises';
import { deliver } from '../artifacts/deliver.ts';
import type { BridgeEvent, BridgeEventOf } from '../bridge/messages.ts';
import type { StartedBuilder } from '../builders/builder.ts';
import { messageOf, NexusError } from '../errors.ts';
import type { BuildPaths } from '../paths.ts';
import { runChecked } from '../transport/run-checked.ts';
import { anySignal } from '../transport/signals.ts';
import { writeFileAtomically } from '../write-file-atomically.ts';
import type { Build } from './build.ts';
import { explainFailure } from './explain-failure.ts';
import { checkRequest, type PlanDefaults, planBuild, sourceFolder } from './plan.ts';
import { renderScript } from './script.ts';
import type { Sources } from './sources.ts';
import type { Happening } from './transition.ts';

export interface RunBuildOptions {
  build: Build;
  builder: StartedBuilder;
  /** Where this build keeps its files on our side. */
  paths: BuildPaths;
  sources: Sources;
  nixpkgs: string;
  /** Folder that gets one folder a build. */
  artifacts: string;
  /** What the user calls that folder. */
  artifactsShownAs: string;
  signal: AbortSignal;
  happen: (happening: Happening) => Promise<unknown>;
}

type Finished = BridgeEventOf<'finished'>;
type ReportedArtifact = BridgeEventOf<'artifact'>;

interface Outcome {
  finished: Finished;
  artifacts: ReportedArtifact[];
}

/** How long the builder may take to end a cancelled build before we stop waiting for its word. */
const cancelMs = 30_000;

/**
 * One build on a ready builder: source there, script into the pipe, events and log back, artifacts home.
 * @throws {NexusError} what stopped it; the caller records that.
 */
export async function runBuild(options: RunBuildOptions): Promise<void> {
  const { build, builder, happen } = options;
  await happen({ type: 'prepare', builder: builder.kind });
  const outcome = await runScript(options);
  const { finished } = outcome;
  if (finished.result !== 'success') throw await explainFailure(finished, options.paths.log);
  if (outcome.artifacts.length === 0 && build.request.kind !== 'script') {
    throw new NexusError('no-artifact', 'The build succeeded but made no file to fetch', {
      hint: 'See the log; the expression may give an empty folder.',
    });
  }
  await collect(options, outcome);
}

async function runScript(options: RunBuildOptions): Promise<Outcome> {
  const { build, builder, paths } = options;
  const signal = anySignal(options.signal, builder.lost);
  const { pipe } = builder;
  const folder = posix.join(pipe.root, 'builds', build.id);
  const defaults: PlanDefaults = { nixpkgs: options.nixpkgs, system: builder.hello.system };
  checkRequest(build.request, defaults.system);
  const script = renderScript(build.id, planBuild(build.request, defaults));
  await writeFileAtomically(paths.script, script);
  if (build.request.source) await uploadSource(options, build.request.source, signal);
  const log = followLog(options, posix.join(folder, 'log'));
  let accepted = false;
  try {
    signal.throwIfAborted();
    // Subscribed before the script is sent, so that no event falls between the two.
    const events = pipe.events(build.id, builder.lost);
    // Not with the build's own signal: once a script may have been taken, cancelling is the builder's work.
    await pipe.send(build.id, script, builder.lost);
    accepted = true;
    return await watchEvents(options, events);
  } finally {
    await log.finish(accepted);
  }
}

async function uploadSource({ build, builder, sources }: RunBuildOptions, id: string, signal: AbortSignal) {
  const target = posix.join(builder.pipe.root, 'builds', build.id, sourceFolder);
  await runChecked(builder.transport, ['mkdir', '-p', '--', target], { signal });
  const input = sources.open(id);
  await runChecked(builder.transport, ['tar', '-x', '--no-same-owner', '-C', target], { input, signal });
}

async function watchEvents(options: RunBuildOptions, events: AsyncIterable<BridgeEvent>): Promise<Outcome> {
  const { happen, signal } = options;
  const artifacts: ReportedArtifact[] = [];
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
async function cancelOnBuilder({ build, builder }: RunBuildOptions): Promise<never> {
  const limit = AbortSignal.timeout(cancelMs);
  await builder.pipe.send(
    `cancel-${build.id}`.slice(0, 63),
    `# nexus-build: cancel-${build.id}\nnexus-cancel ${build.id}\n`,
    limit,
  );
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

/** Copies the log home as it grows; `finish` brings what is still missing, when there is a log at all. */
function followLog({ builder, paths, signal }: RunBuildOptions, remote: string) {
  const { transport } = builder;
  const following = new AbortController();
  const local = createWriteStream(paths.log, { mode: 0o600 });
  // A full disk ends the copying at once, and is told by `finish`.
  local.on('error', () => following.abort());
  let bytes = 0;
  const keep = async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      if (local.errored) throw local.errored;
      bytes += chunk.length;
      if (!local.write(chunk)) await once(local, 'drain');
    }
  };
  const live = keep(transport.follow(remote, { signal: following.signal })).catch((error) => {
    if (!following.signal.aborted)
      local.write(`\n[the log could not be followed any more: ${messageOf(error)}]\n`);
  });
  return {
    async finish(exists: boolean) {
      following.abort();
      await live;
      try {
        if (exists && !builder.lost.aborted && !signal.aborted)
          await keep(transport.read(remote, { offset: bytes }));
      } catch (error) {
        local.write(`\n[the end of the log could not be read: ${messageOf(error)}]\n`);
      } finally {
        local.end();
        await streamFinished(local);
      }
    },
  };
}

async function collect(options: RunBuildOptions, { finished, artifacts }: Outcome): Promise<void> {
  const { build, builder, happen } = options;
  const folderName = `${build.request.name}-${build.id}`;
  const shown = (name: string) => join(options.artifactsShownAs, folderName, name);
  await happen({
    type: 'collect',
    artifacts: artifacts.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256, path: '' })),
    retrieve: finished.retrieve,
  });
  if (artifacts.length === 0) {
    await happen({ type: 'succeeded', artifacts: [] });
    return;
  }
  const delivered = await deliver({
    transport: builder.transport,
    files: artifacts,
    folder: join(options.artifacts, folderName),
    manifest: manifestOf(options, artifacts),
    signal: anySignal(options.signal, builder.lost),
    // Progress that is told after the end is worth nothing.
    onProgress: progress((bytes) => void happen({ type: 'fetching', bytes }).catch(() => {})),
  });
  await happen({
    type: 'succeeded',
    artifacts: delivered.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256, path: shown(name) })),
  });
}

function manifestOf({ build, builder, nixpkgs }: RunBuildOptions, artifacts: ReportedArtifact[]) {
  const { hello } = builder;
  return {
    build: build.id,
    request: build.request,
    nixpkgs: ('nixpkgs' in build.request && build.request.nixpkgs) || nixpkgs,
    builder: { kind: builder.kind, system: hello.system, nix: hello.nix, kvm: hello.kvm },
    startedAt: build.startedAt ?? new Date().toISOString(),
    storePaths: artifacts.map(({ path }) => path),
  };
}

/** Passes on at most four values a second. */
function progress(report: (bytes: number) => void) {
  let last = 0;
  return (bytes: number) => {
    if (Date.now() - last < 250) return;
    last = Date.now();
    report(bytes);
  };
}

import { join, posix } from 'node:path';
import { deliver } from '../artifacts/deliver.ts';
import type { StartedBuilder } from '../builders/builder.ts';
import { messageOf, NexusError } from '../errors.ts';
import { type Limits, limitsInEffect, type RoomNeeded } from '../limits.ts';
import type { Logger } from '../log.ts';
import type { BuildPaths } from '../paths.ts';
import { withRoomHere } from '../room-here.ts';
import { runChecked } from '../transport/run-checked.ts';
import { anySignal } from '../transport/signals.ts';
import { writeFileAtomically } from '../write-file-atomically.ts';
import type { Build } from './build.ts';
import { collectStore } from './builder-garbage.ts';
import { measureRoom, waitForBuilderRoom } from './builder-room.ts';
import { copyLog } from './copy-log.ts';
import { explainFailure, limitReached } from './explain-failure.ts';
import { checkRequest, type PlanDefaults, planBuild, sourceFolder } from './plan.ts';
import { renderScript } from './script.ts';
import type { Sources } from './sources.ts';
import type { Happening } from './transition.ts';
import { type Outcome, watchBuild } from './watch-build.ts';

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
  /** Limits of builds that say nothing else. */
  limits: Limits;
  room: RoomNeeded;
  /** Whether no other build runs on the builder. */
  isAlone: () => boolean;
  signal: AbortSignal;
  happen: (happening: Happening) => Promise<unknown>;
  logger: Logger;
}

type ReportedArtifact = Outcome['artifacts'][number];

/**
 * One build on a ready builder: source there, script into the pipe, events and log back, artifacts home.
 * @throws {NexusError} what stopped it; the caller records that.
 */
export async function runBuild(options: RunBuildOptions): Promise<void> {
  const { build, builder, happen } = options;
  await happen({ type: 'prepare', builder: builder.kind });
  const before = await waitForBuilderRoom({
    ...{ builder, request: build.request, needed: options.room, signal: options.signal },
    mayChange: () => builder.kind === 'this-machine' || !options.isAlone(),
    collect: (bytes) => collectStore(options, bytes),
    onWaiting: (reason) => happen({ type: 'waiting', reason }),
  });
  const outcome = await runScript(options);
  const { finished } = outcome;
  if (finished.result !== 'success') {
    const after = await measureRoom(builder, builder.lost).catch(() => undefined);
    throw await explainFailure(finished, options.paths.log, { before, after });
  }
  checkArtifacts(options, outcome);
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
  const limits = limitsInEffect(build.request.limits, options.limits);
  const script = renderScript(build.id, planBuild(build.request, defaults), limits);
  await writeFileAtomically(paths.script, script);
  if (build.request.source) await uploadSource(options, build.request.source, signal);
  const remote = posix.join(folder, 'log');
  const log = copyLog({ builder, remote, local: paths.log, signal: options.signal });
  let accepted = false;
  try {
    signal.throwIfAborted();
    // Subscribed before the script is sent, so that no event falls between the two.
    const events = pipe.events(build.id, builder.lost);
    // Not with the build's own signal: once a script may have been taken, cancelling is the builder's work.
    await pipe.send(build.id, script, builder.lost);
    accepted = true;
    return await watchBuild(options, events);
  } finally {
    await log.finish(accepted);
  }
}

const totalOf = (artifacts: readonly ReportedArtifact[]) =>
  artifacts.reduce((sum, { bytes }) => sum + bytes, 0);

/** The builder has refused what is too large; a builder whose script was changed by hand has not. */
function checkArtifacts({ build, limits }: RunBuildOptions, { artifacts }: Outcome): void {
  const { artifact: most } = limitsInEffect(build.request.limits, limits);
  if (most === null || totalOf(artifacts) <= most) return;
  throw limitReached({ name: 'artifact', value: most });
}

async function uploadSource({ build, builder, sources }: RunBuildOptions, id: string, signal: AbortSignal) {
  const target = posix.join(builder.pipe.root, 'builds', build.id, sourceFolder);
  await runChecked(builder.transport, ['mkdir', '-p', '--', target], { signal });
  const input = sources.open(id);
  await runChecked(builder.transport, ['tar', '-x', '--no-same-owner', '-C', target], { input, signal });
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
  const signal = anySignal(options.signal, builder.lost);
  const fetch = () =>
    deliver({
      transport: builder.transport,
      files: artifacts,
      folder: join(options.artifacts, folderName),
      manifest: manifestOf(options, artifacts),
      signal,
      // Progress that is told after the end is worth nothing.
      onProgress: progress((bytes) => void happen({ type: 'fetching', bytes }).catch(() => {})),
    });
  const delivered = await withRoomHere(fetch, {
    needed: [{ folder: options.artifacts, bytes: totalOf(artifacts) }],
    timeoutMs: options.room.timeoutMs,
    onWaiting: (reason) => happen({ type: 'waiting', reason }),
    signal,
  });
  await happen({
    type: 'succeeded',
    artifacts: delivered.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256, path: shown(name) })),
  });
  await release(options);
}

/**
 * The result of a build is protected from the builder's garbage collector until it has been fetched; from then on
 * it may go when the disk is needed. The script, the log and the word of how it ended stay.
 */
async function release({ build, builder, logger }: RunBuildOptions): Promise<void> {
  const folder = posix.join(builder.pipe.root, 'builds', build.id);
  try {
    await runChecked(builder.transport, [
      'sh',
      '-c',
      'cd "$1" && rm -rf -- result* evaluated* converted source',
      'sh',
      folder,
    ]);
  } catch (error) {
    logger.warn('Result of a build could not be released on the builder', {
      buildId: build.id,
      why: messageOf(error),
    });
  }
}

function manifestOf({ build, builder, nixpkgs }: RunBuildOptions, artifacts: ReportedArtifact[]) {
  const { hello } = builder;
  return {
    build: build.id,
    request: build.request,
    nixpkgs: nixpkgsOf(build.request, nixpkgs),
    builder: { kind: builder.kind, system: hello.system, nix: hello.nix, kvm: hello.kvm },
    startedAt: build.startedAt ?? new Date().toISOString(),
    storePaths: artifacts.map(({ path }) => path),
  };
}

/** A flake brings its own, and a script may use none. */
function nixpkgsOf(request: Build['request'], byDefault: string): string | null {
  return request.kind === 'image' || request.kind === 'nix' ? (request.nixpkgs ?? byDefault) : null;
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

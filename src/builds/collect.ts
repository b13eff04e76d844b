import { rm, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { type Delivered, deliver } from '../artifacts/deliver.ts';
import { findDelivered } from '../artifacts/find-delivered.ts';
import { messageOf } from '../errors.ts';
import { folderBytes } from '../folder-bytes.ts';
import type { Logger } from '../log.ts';
import { withRoomHere } from '../room-here.ts';
import { runChecked } from '../transport/run-checked.ts';
import { anySignal } from '../transport/signals.ts';
import type { Artifact, Build } from './build.ts';
import { type RunningBuild, scriptId } from './running-build.ts';
import type { Outcome } from './watch-build.ts';

type ReportedArtifact = Outcome['artifacts'][number];

/** The folder of a build's artifacts, below the folder of all. */
export function artifactsFolder({ id, request }: Build): string {
  return `${request.name}-${id}`;
}

/** Where what is fetched lies until all of it is there. */
function partialFolder(artifacts: string, build: Build): string {
  return join(artifacts, `.${artifactsFolder(build)}.part`);
}

/** Removes what was fetched of a build that will not be fetched to its end. */
export async function discardPartial(artifacts: string, build: Build, logger: Logger): Promise<void> {
  const folder = partialFolder(artifacts, build);
  try {
    await rm(folder, { recursive: true, force: true });
  } catch (error) {
    logger.warn('A partial folder was left', { folder, why: messageOf(error) });
  }
}

/** Brings the artifacts of a build home; one whose fetch was broken off goes on where it was. */
export async function collect(options: RunningBuild, { finished, artifacts }: Outcome): Promise<void> {
  const { current, happen } = options;
  const build = current();
  if (build.state !== 'collecting') {
    await happen({
      type: 'collect',
      artifacts: artifacts.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256, path: '' })),
      retrieve: finished.retrieve,
    });
  }
  const delivered = artifacts.length > 0 ? await bringHome(options, artifacts) : [];
  await happen({
    type: 'succeeded',
    artifacts: await Promise.all(delivered.map((file) => describe(options, file))),
  });
  if (artifacts.length > 0) await release(options, build);
}

async function bringHome(options: RunningBuild, artifacts: ReportedArtifact[]): Promise<Delivered[]> {
  const { current, builder, happen } = options;
  const folder = join(options.artifacts, artifactsFolder(current()));
  const earlier = await findDelivered(folder, artifacts);
  if (earlier) return earlier;
  // Nothing may lie under the final name that is not what the builder has described.
  await rm(folder, { recursive: true, force: true });
  const signal = anySignal(options.signal, options.leaving, builder.lost);
  const fetch = () =>
    deliver({
      ...{ transport: builder.transport, files: artifacts, folder, signal },
      manifest: manifestOf(options, artifacts),
      // Progress that is told after the end is worth nothing.
      onProgress: progress((bytes) => void happen({ type: 'fetching', bytes }).catch(() => {})),
    });
  const total = artifacts.reduce((sum, { bytes }) => sum + bytes, 0);
  const there = await folderBytes(partialFolder(options.artifacts, current()));
  return withRoomHere(fetch, {
    needed: [{ folder: options.artifacts, bytes: Math.max(0, total - there) }],
    timeoutMs: options.room.timeoutMs,
    onWaiting: (reason) => happen({ type: 'waiting', reason }),
    signal,
  });
}

async function describe(options: RunningBuild, { name, path, bytes, sha256 }: Delivered): Promise<Artifact> {
  const { mtime } = await stat(path);
  const shown = join(options.artifactsShownAs, artifactsFolder(options.current()), name);
  return { name, bytes, sha256, path: shown, modifiedAt: mtime.toISOString() };
}

/**
 * The result of a build is protected from the builder's garbage collector until it has been fetched; from then on
 * it may go when the disk is needed. The script, the log and the word of how it ended stay.
 */
async function release({ builder, logger }: RunningBuild, build: Build): Promise<void> {
  const folder = posix.join(builder.pipe.root, 'builds', scriptId(build));
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

function manifestOf({ current, builder, nixpkgs }: RunningBuild, artifacts: ReportedArtifact[]) {
  const { hello } = builder;
  const { id, request, startedAt } = current();
  return {
    build: id,
    request,
    nixpkgs: nixpkgsOf(request, nixpkgs),
    builder: { kind: builder.kind, system: hello.system, nix: hello.nix, kvm: hello.kvm },
    startedAt: startedAt ?? new Date().toISOString(),
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

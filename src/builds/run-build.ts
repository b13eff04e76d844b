import { appendFile, stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { NexusError } from '../errors.ts';
import { limitsInEffect } from '../limits.ts';
import { anySignal } from '../transport/signals.ts';
import { writeFileAtomically } from '../write-file-atomically.ts';
import { collectStore } from './builder-garbage.ts';
import { type BuilderRoom, measureRoom, waitForBuilderRoom } from './builder-room.ts';
import { collect } from './collect.ts';
import { copyLog } from './copy-log.ts';
import { endOnBuilder } from './end-on-builder.ts';
import { explainFailure, limitReached } from './explain-failure.ts';
import { checkRequest, type PlanDefaults, planBuild } from './plan.ts';
import { type RunningBuild, scriptId } from './running-build.ts';
import { renderScript } from './script.ts';
import { uploadSource } from './upload-source.ts';
import { type Outcome, watchBuild } from './watch-build.ts';

/** Nix keeps what it had built, so a second attempt is cheap; a third would fail as the second did. */
const mostAttempts = 2;

/**
 * One build on a ready builder, from wherever its record says that it is: source there, script into the pipe, events
 * and log back, artifacts home. Every step may have been taken before, by us or by an orchestrator that died in it,
 * and is then taken again without harm.
 * @throws {NexusError} what stopped it; the caller records that.
 */
export async function runBuild(options: RunningBuild): Promise<void> {
  const before = await waitForRoom(options);
  await meet(options);
  let outcome = await runScript(options);
  while (outcome.finished.result === 'interrupted') {
    await tryAgain(options, 'The builder went down while this build ran');
    outcome = await runScript(options);
  }
  const { finished } = outcome;
  if (finished.result !== 'success') {
    const after = await measureRoom(options.builder, options.builder.lost).catch(() => undefined);
    throw await explainFailure(finished, options.paths.log, { before, after });
  }
  checkArtifacts(options, outcome);
  if (outcome.artifacts.length === 0 && options.current().request.kind !== 'script') {
    throw new NexusError('no-artifact', 'The build succeeded but made no file to fetch', {
      hint: 'See the log; the expression may give an empty folder.',
    });
  }
  await collect(options, outcome);
}

/** Only once: a build that may be on the builder already has its room. */
async function waitForRoom(options: RunningBuild): Promise<BuilderRoom | undefined> {
  const { current, builder, room, signal, leaving, logger, happen, isAlone } = options;
  const { state, request } = current();
  if (state !== 'queued') return undefined;
  const ended = anySignal(signal, leaving, builder.lost);
  return waitForBuilderRoom({
    ...{ builder, request, needed: room, signal: ended },
    mayChange: () => builder.kind === 'this-machine' || !isAlone(),
    collect: (bytes) => collectStore({ builder, signal: ended, logger }, bytes),
    onWaiting: (reason) => happen({ type: 'waiting', reason }),
  });
}

/** The builder has refused what is too large; a builder whose script was changed by hand has not. */
function checkArtifacts({ current, limits }: RunningBuild, { artifacts }: Outcome): void {
  const { artifact: most } = limitsInEffect(current().request.limits, limits);
  if (most === null || artifacts.reduce((sum, { bytes }) => sum + bytes, 0) <= most) return;
  throw limitReached({ name: 'artifact', value: most });
}

async function meet(options: RunningBuild): Promise<void> {
  const { current, builder, happen } = options;
  const { state, epoch } = current();
  const here = builder.hello.epoch;
  if (state === 'queued') await happen({ type: 'prepare', builder: builder.kind, epoch: here });
  else if (epoch !== here)
    await tryAgain(options, 'The builder that had this build is gone, and all it kept');
}

/** @throws {NexusError} `interrupted` when that was the last attempt. */
async function tryAgain({ current, builder, happen, paths, signal }: RunningBuild, why: string) {
  signal.throwIfAborted();
  if (current().attempt >= mostAttempts) {
    throw new NexusError('interrupted', `${why}, and it was not the first time`, {
      hint: 'See the log of the orchestrator for what the builder was lost to, and build again.',
    });
  }
  await appendFile(paths.log, `\n[${why}. It is built again; what Nix had finished is kept.]\n`, {
    mode: 0o600,
  });
  const { size } = await stat(paths.log);
  const { kind, hello } = builder;
  await happen({ type: 'retry', builder: kind, epoch: hello.epoch, why, logStart: size });
}

async function runScript(options: RunningBuild): Promise<Outcome> {
  const { builder, paths, sources, logger, signal } = options;
  const { pipe } = builder;
  const build = options.current();
  const id = scriptId(build);
  const folder = posix.join(pipe.root, 'builds', id);
  const defaults: PlanDefaults = { nixpkgs: options.nixpkgs, system: builder.hello.system };
  checkRequest(build.request, defaults.system);
  const limits = limitsInEffect(build.request.limits, options.limits);
  const script = renderScript(id, planBuild(build.request, defaults), limits);
  const away = anySignal(builder.lost, options.leaving);
  const log = await copyLog({
    ...{ builder, remote: posix.join(folder, 'log'), local: paths.log, start: build.logStart, logger },
  });
  let rest = log.stop;
  try {
    signal.throwIfAborted();
    await writeFileAtomically(paths.script, script);
    if (build.request.source) {
      const sha256 = build.request.source;
      const { transport } = builder;
      const open = () => sources.open(sha256);
      const until = anySignal(signal, away);
      await uploadSource({ transport, root: pipe.root, folder, open, sha256, signal: until });
    }
    signal.throwIfAborted();
    // Subscribed before the script is sent, so that no event falls between the two.
    const events = pipe.replay(id, anySignal(signal, away));
    // Not with the build's own signal: a script that may have been taken must have been when its end is asked for.
    await pipe.send(id, script, away);
    log.begin();
    const outcome = await watchBuild(options, events);
    rest = log.finish;
    return outcome;
  } catch (error) {
    // An earlier orchestrator may have sent it, so it is not enough that we have not.
    if (signal.aborted && !away.aborted) {
      await endOnBuilder(builder, id, away);
      if (options.current().state === 'building') rest = log.finish;
    }
    throw error;
  } finally {
    await rest();
  }
}

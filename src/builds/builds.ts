import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import type { BuilderLife } from '../builders/builder-life.ts';
import type { Config } from '../config.ts';
import { messageOf, NexusError, reportError, systemCodeOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { DataPaths } from '../paths.ts';
import { waitForRoomHere } from '../room-here.ts';
import { type Build, isFinished } from './build.ts';
import { checkRequest } from './plan.ts';
import { Queue } from './queue.ts';
import type { BuildRequest } from './request.ts';
import { runBuild } from './run-build.ts';
import type { Sources } from './sources.ts';
import type { BuildStore } from './store.ts';
import { newBuild } from './transition.ts';

export interface BuildsOptions {
  config: Pick<Config, 'nixpkgs' | 'artifacts' | 'artifactsShownAs' | 'limits' | 'room'>;
  paths: DataPaths;
  store: BuildStore;
  sources: Sources;
  life: BuilderLife;
  logger: Logger;
}

/** A build that waits or runs. */
interface Job {
  abort: AbortController;
  /** Ends with the build, in whatever way. */
  ended: Promise<void>;
}

/**
 * Takes requests and runs them one after the other.
 *
 * INVARIANTS
 * - Every accepted build ends in exactly one of succeeded, failed and cancelled.
 * - A build is acknowledged only when its record is on disk, and its source has been before.
 */
export class Builds {
  readonly #options: BuildsOptions;
  readonly #jobs = new Map<string, Job>();
  readonly #queue = new Queue();
  #stopping = false;

  constructor(options: BuildsOptions) {
    this.#options = options;
  }

  /** Marks what an orchestrator that died has left unfinished. */
  async closeLeftovers(): Promise<void> {
    const { store } = this.#options;
    for (const build of store.list().filter((build) => !isFinished(build))) {
      const error = new NexusError('stopping', 'The orchestrator was stopped while this build ran', {
        hint: 'Build it again; Nix keeps what it had finished.',
      });
      await store.apply(build.id, { type: 'failed', error: reportError(error) });
    }
  }

  /**
   * Accepts a request.
   * @throws {NexusError} `not-found` for a source that was never uploaded, `source-without-configuration`.
   */
  async submit(request: BuildRequest): Promise<Build> {
    if (this.#stopping) throw new NexusError('stopping', 'The orchestrator is stopping and takes no builds');
    const { store, sources, life, logger } = this.#options;
    // A builder that was not started yet is checked again when it is known.
    checkRequest(request, life.status().machine?.system ?? ownSystem);
    if (request.source) checkSource(request, await sources.files(request.source));
    const build = await this.#record(request);
    if (this.#stopping) {
      await store.apply(build.id, { type: 'cancelled' });
      throw new NexusError('stopping', 'The orchestrator is stopping and takes no builds');
    }
    logger.info('Build queued', { buildId: build.id, name: request.name });
    this.#enqueue(build);
    return build;
  }

  /** Ends a build in whatever state it is; a finished one stays as it is. */
  async cancel(id: string): Promise<Build> {
    const { store } = this.#options;
    store.get(id);
    const job = this.#jobs.get(id);
    job?.abort.abort(new NexusError('stopping', 'The build was cancelled'));
    await job?.ended;
    return store.get(id);
  }

  get unfinished(): number {
    return this.#jobs.size;
  }

  /** Ends every build that waits or runs. */
  async cancelAll(): Promise<void> {
    await Promise.all([...this.#jobs.keys()].map((id) => this.cancel(id)));
  }

  /** Takes no more builds and ends those that are there. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.cancelAll();
  }

  async #record(request: BuildRequest): Promise<Build> {
    const build = newBuild(newId(), request, new Date());
    try {
      await this.#options.store.add(build);
      return build;
    } catch (error) {
      if (systemCodeOf(error) === 'EEXIST') return this.#record(request);
      throw error;
    }
  }

  #enqueue({ id }: Build): void {
    const { logger } = this.#options;
    const abort = new AbortController();
    const ended = new Promise<void>((resolve) => {
      const run = () =>
        this.#run(id, abort.signal)
          .catch((error) => void logger.error('The end of a build is not recorded', failed(id, error)))
          .finally(resolve);
      this.#queue.add(id, run);
      // One that still waits ends when it is cancelled, not when its turn comes.
      abort.signal.addEventListener('abort', () => this.#queue.remove(id) && void run(), { once: true });
    });
    this.#jobs.set(id, { abort, ended: ended.finally(() => this.#jobs.delete(id)) });
  }

  /** Before anything of it is written: what a full disk cuts short is worse than a wait. */
  async #waitForRoom(id: string, signal: AbortSignal): Promise<void> {
    const { store, paths, config } = this.#options;
    await waitForRoomHere({
      needed: [paths.root, config.artifacts].map((folder) => ({ folder, bytes: config.room.here })),
      timeoutMs: config.room.timeoutMs,
      onWaiting: (reason) => store.apply(id, { type: 'waiting', reason }),
      signal,
    });
  }

  async #run(id: string, signal: AbortSignal): Promise<void> {
    const { store, sources, life, paths, config, logger } = this.#options;
    try {
      signal.throwIfAborted();
      await this.#waitForRoom(id, signal);
      await life.use(
        (builder) =>
          runBuild({
            build: store.get(id),
            builder,
            paths: paths.build(id),
            sources,
            nixpkgs: config.nixpkgs,
            artifacts: config.artifacts,
            artifactsShownAs: config.artifactsShownAs,
            limits: config.limits,
            room: config.room,
            isAlone: () => life.users === 1,
            signal,
            logger,
            happen: (happening) => store.apply(id, happening),
          }),
        signal,
      );
      logger.info('Build succeeded', { buildId: id });
    } catch (error) {
      if (signal.aborted) {
        await store.apply(id, { type: 'cancelled' });
        logger.info('Build cancelled', { buildId: id });
      } else {
        const report = reportError(error);
        await store.apply(id, { type: 'failed', error: report });
        logger.warn('Build failed', { buildId: id, code: report.code, why: report.message.split('\n')[0] });
      }
    }
  }
}

const failed = (buildId: string, error: unknown) => ({ buildId, why: messageOf(error) });

/** What a builder on this machine most likely is. */
const ownSystem = process.arch === 'arm64' ? 'aarch64-linux' : 'x86_64-linux';

/** Sorts by time, and is short enough to type: `20260911-101500-3f2a`. */
function newId(): string {
  const [day, time] = new Date().toISOString().split('T');
  return `${day?.replaceAll('-', '')}-${time?.slice(0, 8).replaceAll(':', '')}-${randomBytes(2).toString('hex')}`;
}

/** @throws {NexusError} `source-without-configuration` when a file that is to be built is not in the source. */
function checkSource(request: BuildRequest, files: readonly string[]): void {
  for (const wanted of wantedFiles(request)) {
    const path = posix.normalize(wanted).replace(/\/$/, '');
    const candidates = [path, path === '.' ? 'default.nix' : `${path}/default.nix`];
    if (candidates.some((candidate) => files.includes(candidate))) continue;
    throw new NexusError('source-without-configuration', `The source has no ${wanted}`, {
      hint: `It has: ${files.slice(0, 10).join(', ') || 'no files at all'}.`,
    });
  }
}

function wantedFiles(request: BuildRequest): string[] {
  switch (request.kind) {
    case 'image':
      return [request.configuration, ...request.modules];
    case 'flake-image':
      return [...(request.flake ? [] : ['flake.nix']), ...request.modules];
    case 'nix':
      return [request.file];
    case 'flake':
      return request.flake ? [] : ['flake.nix'];
    case 'script':
      return [];
  }
}

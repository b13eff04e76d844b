import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import type { BuilderLife } from '../builders/builder-life.ts';
import type { Config } from '../config.ts';
import { NexusError, systemCodeOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { DataPaths } from '../paths.ts';
import { waitAtMost } from '../transport/signals.ts';
import type { Build } from './build.ts';
import { endForgotten } from './end-forgotten.ts';
import { findReusable } from './find-reusable.ts';
import { Job, type JobOptions } from './job.ts';
import { checkRequest } from './plan.ts';
import { Queue } from './queue.ts';
import type { BuildRequest } from './request.ts';
import { requestKey } from './request-key.ts';
import type { Sources } from './sources.ts';
import type { BuildStore } from './store.ts';
import { newBuild } from './transition.ts';
import { whyQueued } from './why-queued.ts';

export interface BuildsOptions {
  config: Pick<Config, 'nixpkgs' | 'artifacts' | 'artifactsShownAs' | 'slots' | 'limits' | 'room'>;
  paths: DataPaths;
  store: BuildStore;
  sources: Sources;
  life: BuilderLife;
  logger: Logger;
}

/** How long a request to end a build waits for that; it goes on when nobody waits any more. */
const cancelMs = 60_000;

/**
 * Takes requests and brings them to their ends.
 *
 * INVARIANTS
 * - A build is acknowledged only when it is on the disk, and its source has been before.
 * - Every acknowledged build has exactly one job until it has ended: after a restart too.
 */
export class Builds {
  readonly #options: BuildsOptions;
  readonly #queue: Queue;
  readonly #job: Omit<JobOptions, 'begin'>;
  readonly #jobs = new Map<string, Job>();
  readonly #begun: Promise<void>;
  #begin = () => {};
  #stopping = false;

  constructor(options: BuildsOptions) {
    this.#options = options;
    this.#begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
    this.#queue = new Queue(options.config.slots);
    this.#job = { ...options, queue: this.#queue };
    const { life, store, logger } = options;
    life.onReady((builder) => void endForgotten({ builder, store, logger }));
  }

  /** Takes up what an earlier orchestrator has left unfinished; it can be cancelled from now on. */
  resume(): void {
    const { store, logger } = this.#options;
    for (const build of store.unfinished()) {
      logger.info('Build taken up again', { buildId: build.id, state: build.state });
      this.#take(build, true);
    }
  }

  /** Begins to work. */
  begin(): void {
    this.#begin();
  }

  /**
   * Accepts a request. One whose result is here already is answered with the build that has made it.
   * @throws {NexusError} `not-found` for a source that was never uploaded, `source-without-configuration`.
   */
  async submit(request: BuildRequest): Promise<Build> {
    this.#checkOpen();
    const { store, sources, life, config, logger } = this.#options;
    // A builder that was not started yet is asked again when it is known.
    const system = life.status().machine?.system ?? ownSystem;
    checkRequest(request, system);
    // One that is about to be used is not collected meanwhile.
    if (request.source) await sources.touch(request.source);
    const files = request.source ? await sources.files(request.source) : [];
    if (request.source) checkSource(request, files);
    const key = requestKey(request, { nixpkgs: config.nixpkgs, system, files });
    const made = key && !request.rebuild ? await findReusable(store, key, config.artifacts) : undefined;
    if (made) return made;
    this.#checkOpen();
    const build = await this.#record(request, key ?? null);
    logger.info('Build queued', { buildId: build.id, name: request.name });
    this.#take(build, false);
    return this.shown(await store.get(build.id));
  }

  /** Ends a build in whatever state it is; a finished one stays as it is. */
  async cancel(id: string): Promise<Build> {
    const { store } = this.#options;
    store.summary(id);
    const job = this.#jobs.get(id);
    await job?.cancel();
    if (job) await waitAtMost(job.ended, cancelMs);
    return store.get(id);
  }

  get unfinished(): number {
    return this.#jobs.size;
  }

  /** The record of a build as it is shown: one that waits for its turn says for what. */
  shown(build: Build): Build {
    if (build.state !== 'queued' || build.waiting !== null) return build;
    return { ...build, waiting: whyQueued(this.#queue.ahead(build.id), this.#options.life.status()) };
  }

  /** Ends every build that waits or runs. */
  async cancelAll(): Promise<void> {
    await Promise.all([...this.#jobs.keys()].map((id) => this.cancel(id)));
  }

  /** Takes no more builds. */
  close(): void {
    this.#stopping = true;
  }

  /** Waits for the builds that run; those that wait for their turn go on waiting in the store. */
  async finish(): Promise<void> {
    this.close();
    const all = [...this.#jobs.values()];
    await Promise.all(all.map((job) => (job.waits ? job.leave() : job.ended)));
  }

  /** Leaves every build alone, wherever it is: whoever opens the store next takes them up there. */
  async leave(): Promise<void> {
    this.close();
    await Promise.all([...this.#jobs.values()].map((job) => job.leave()));
  }

  #checkOpen(): void {
    if (this.#stopping) throw new NexusError('stopping', 'The orchestrator is stopping and takes no builds');
  }

  async #record(request: BuildRequest, key: string | null): Promise<Build> {
    const build = newBuild(newId(), request, new Date(), key);
    try {
      await this.#options.store.add(build);
      return build;
    } catch (error) {
      if (systemCodeOf(error) === 'EEXIST') return this.#record(request, key);
      throw error;
    }
  }

  #take(build: Build, inherited: boolean): void {
    const job = new Job(build, inherited, { ...this.#job, begin: this.#begun });
    this.#jobs.set(build.id, job);
    void job.ended.then(() => this.#jobs.delete(build.id));
  }
}

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

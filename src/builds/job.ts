import { setTimeout as sleep } from 'node:timers/promises';
import type { StartedBuilder } from '../builders/builder.ts';
import type { BuilderLife } from '../builders/builder-life.ts';
import type { Config } from '../config.ts';
import { messageOf, NexusError, reportError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { DataPaths } from '../paths.ts';
import { waitForRoomHere } from '../room-here.ts';
import { abortable, anySignal } from '../transport/signals.ts';
import type { Build } from './build.ts';
import { discardPartial } from './collect.ts';
import type { Happening } from './event.ts';
import { pauseAfter } from './obstacles.ts';
import { entryOf, type Place, type Queue } from './queue.ts';
import { runBuild } from './run-build.ts';
import type { Sources } from './sources.ts';
import type { BuildStore } from './store.ts';

export interface JobOptions {
  config: Pick<Config, 'nixpkgs' | 'artifacts' | 'artifactsShownAs' | 'limits' | 'room'>;
  paths: DataPaths;
  store: BuildStore;
  sources: Sources;
  queue: Queue;
  life: BuilderLife;
  logger: Logger;
  /** Resolves when work may begin. */
  begin: Promise<void>;
}

/** How often the end of a build that cannot be written is tried again. */
const recordAgainMs = 2000;

/**
 * One unfinished build on its way to its end.
 *
 * INVARIANTS
 * - It ends in exactly one of succeeded, failed and cancelled, unless the orchestrator leaves it alone.
 * - What hinders it for a while (the builder is lost, a disk is full) does not end it: it waits, and says for what.
 */
export class Job {
  readonly id: string;
  /** Resolves when the build has ended or is left alone. */
  readonly ended: Promise<void>;
  readonly #options: JobOptions;
  /** It was accepted by an earlier orchestrator: nobody stands by who could do anything about a builder that is missing. */
  readonly #inherited: boolean;
  readonly #cancelled = new AbortController();
  readonly #left = new AbortController();
  #place: Place | undefined;
  #tries = 0;
  /** Where it was at the last try. */
  #reached = '';

  constructor({ id, cancelling }: Build, inherited: boolean, options: JobOptions) {
    this.id = id;
    this.#options = options;
    this.#inherited = inherited;
    if (cancelling) this.#cancelled.abort(cancelledReason());
    this.ended = this.#toTheEnd().catch((error) => {
      options.logger.error('A build is left unfinished', { buildId: id, why: messageOf(error) });
    });
  }

  /** It has not been on the builder yet. */
  get waits(): boolean {
    return this.#options.store.current(this.id)?.state === 'queued';
  }

  /** Has it ended; that this was asked for survives a crash. Asking again does nothing. */
  async cancel(): Promise<void> {
    const { store } = this.#options;
    if (store.current(this.id)?.cancelling === false)
      await store.apply(this.id, { type: 'cancel' }).catch(unlessEnded);
    this.#cancelled.abort(cancelledReason());
  }

  /** Lets the build go on without us, wherever it is: whoever opens the store next takes it up there. */
  async leave(): Promise<void> {
    this.#left.abort(new NexusError('stopping', 'The orchestrator stops and leaves its builds'));
    await this.ended;
  }

  async #toTheEnd(): Promise<void> {
    const leaving = this.#left.signal;
    try {
      await abortable(this.#options.begin, leaving);
      while (!(await this.#tryOnce()));
    } catch (error) {
      if (!leaving.aborted) throw error;
    } finally {
      this.#leavePlace();
    }
  }

  /** @returns whether the build has ended. */
  async #tryOnce(): Promise<boolean> {
    const { logger } = this.#options;
    let reached = false;
    try {
      await this.#enter();
      await this.#run(() => {
        reached = true;
      });
      logger.info('Build succeeded', { buildId: this.id });
      return true;
    } catch (error) {
      this.#left.signal.throwIfAborted();
      this.#countTry();
      const pause = pauseAfter(error, {
        ...{ build: this.#current(), reached, tries: this.#tries, inherited: this.#inherited },
        cancelled: this.#cancelled.signal.aborted,
      });
      if (pause === undefined) {
        await this.#end(error);
        return true;
      }
      logger.warn('Build waits', { buildId: this.id, why: messageOf(error).split('\n')[0] });
      await this.#say(messageOf(error));
      await this.#pause(pause);
      return false;
    }
  }

  /** What runs on the builder already has a place there, whatever the queue says. */
  async #enter(): Promise<void> {
    const { queue } = this.#options;
    const [build, entry] = [this.#current(), entryOf(this.#current())];
    if (this.#place || build.state === 'collecting') return;
    const ended = anySignal(this.#cancelled.signal, this.#left.signal);
    this.#place = build.state === 'queued' ? await queue.enter(entry, ended) : queue.claim(entry);
  }

  async #run(onReached: () => void): Promise<void> {
    const { life, paths, sources, config, logger } = this.#options;
    const [signal, leaving] = [this.#cancelled.signal, this.#left.signal];
    const work = async (builder: StartedBuilder) => {
      onReached();
      await this.#say(null);
      try {
        await runBuild({
          ...config,
          ...{ current: () => this.#current(), builder, paths: paths.build(this.id), sources },
          isAlone: () => life.users === 1,
          ...{ signal, leaving, logger, happen: (happening: Happening) => this.#happen(happening) },
        });
      } catch (error) {
        throw builder.lost.aborted ? lost(builder, error) : error;
      }
    };
    await this.#waitForRoom(anySignal(signal, leaving));
    // The builder has to be asked to end what it may have; what it never had ends at once.
    const isThere = this.#current().state !== 'queued';
    await life.use(work, isThere ? leaving : anySignal(signal, leaving));
  }

  /** Before anything is begun: what a full disk cuts short is worse than a wait. */
  async #waitForRoom(signal: AbortSignal): Promise<void> {
    const { paths, config } = this.#options;
    if (!this.waits) return;
    await waitForRoomHere({
      needed: [paths.root, config.artifacts].map((folder) => ({ folder, bytes: config.room.here })),
      timeoutMs: config.room.timeoutMs,
      onWaiting: (reason) => this.#happen({ type: 'waiting', reason }),
      signal,
    });
  }

  async #happen(happening: Happening): Promise<void> {
    await this.#options.store.apply(this.id, happening);
    // The next build can begin while the artifacts of this one come home; when they are lost it is built again.
    if (happening.type === 'collect') this.#leavePlace();
    else if (happening.type === 'retry') this.#place ??= this.#options.queue.claim(entryOf(this.#current()));
  }

  #leavePlace(): void {
    this.#place?.leave();
    this.#place = undefined;
  }

  /** Says what it waits for. */
  async #say(reason: string | null): Promise<void> {
    const before = this.#current().waiting;
    if (before !== reason) await this.#options.store.apply(this.id, { type: 'waiting', reason });
  }

  /** Records how it ended, and does not give up before that is written. */
  async #end(error: unknown): Promise<void> {
    const { store, config, logger } = this.#options;
    const { id } = this;
    const cancelled = this.#cancelled.signal.aborted;
    const report = reportError(error);
    // First, since it may be what fills the disk that the record has to be written to.
    await discardPartial(config.artifacts, this.#current(), logger);
    const end: Happening = cancelled ? { type: 'cancelled' } : { type: 'failed', error: report };
    while (
      !(await store.apply(id, end).then(
        () => true,
        (error) => this.#cannotEnd(error),
      ))
    ) {
      await sleep(recordAgainMs, undefined, { signal: this.#left.signal });
    }
    if (cancelled) logger.info('Build cancelled', { buildId: id });
    else logger.warn('Build failed', { buildId: id, code: report.code, why: report.message.split('\n')[0] });
  }

  async #cannotEnd(error: unknown): Promise<false> {
    if (!(error instanceof NexusError && error.code === 'record-failed')) throw error;
    await this.#say(error.message);
    return false;
  }

  /** Ends early when the build is cancelled meanwhile. */
  async #pause(milliseconds: number): Promise<void> {
    const [signal, leaving] = [this.#cancelled.signal, this.#left.signal];
    const either = signal.aborted ? leaving : anySignal(signal, leaving);
    await sleep(milliseconds, undefined, { signal: either }).catch(() => leaving.throwIfAborted());
  }

  /** A try that has brought the build further begins the count anew. */
  #countTry(): void {
    const { state, pipeSeq, attempt } = this.#current();
    const now = `${state} ${attempt} ${pipeSeq}`;
    this.#tries = now === this.#reached ? this.#tries + 1 : 1;
    this.#reached = now;
  }

  #current(): Build {
    const build = this.#options.store.current(this.id);
    if (!build) throw new NexusError('internal', `Build ${this.id} has ended`);
    return build;
  }
}

const cancelledReason = () => new NexusError('stopping', 'The build was cancelled');
/** Whatever a step says of it: the builder is gone, and the build may be taken up again on the next one. */
function lost(builder: StartedBuilder, cause: unknown): NexusError {
  return new NexusError('connection-lost', `The builder was lost: ${messageOf(builder.lost.reason)}`, {
    cause,
  });
}

/** It was quicker to end than we to ask for that. */
function unlessEnded(error: unknown): void {
  if (!(error instanceof NexusError && error.code === 'internal')) throw error;
}

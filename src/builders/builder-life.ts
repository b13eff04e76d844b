import { type ErrorReport, messageOf, NexusError, reportError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { abortable } from '../transport/signals.ts';
import type { Builder, BuilderKind, StartedBuilder, StepNews } from './builder.ts';
import { type Task, task } from './task.ts';

export type BuilderState = 'absent' | 'preparing' | 'starting' | 'ready' | 'busy' | 'stopping' | 'lost';

export interface BuilderStatus {
  kind: BuilderKind | null;
  state: BuilderState;
  /** Where the start is, while it starts. */
  step: StepNews | null;
  /** Why the last start failed, or what the builder was lost to. */
  error: ErrorReport | null;
  /** Since when it does not answer, although it has not been lost: what runs there goes on. RFC 3339. */
  unreachableSince: string | null;
  /** What its watcher said of the machine. */
  machine: {
    system: string;
    cores: number;
    memory: number;
    kvm: boolean;
    nix: string | null;
    diskFree: number;
  } | null;
}

/**
 * The one builder of this orchestrator: made when it is first needed, shared by all who use it, made anew when lost.
 *
 * INVARIANTS
 * - At most one start is under way, and everyone who asks meanwhile waits for the same one.
 * - While `use` runs, the builder is not stopped by `stop` unless the caller's own signal says so.
 */
export class BuilderLife {
  readonly #choose: (signal: AbortSignal) => Promise<Builder>;
  readonly #logger: Logger;
  #kind: BuilderKind | null = null;
  /** What was last started, or was to be. */
  #builder: Builder | undefined;
  #state: BuilderState = 'absent';
  #step: StepNews | null = null;
  #error: ErrorReport | null = null;
  #started: StartedBuilder | undefined;
  #preparing: Task<void> | undefined;
  #starting: Task<StartedBuilder> | undefined;
  #stopping: Promise<void> | undefined;
  #users = 0;
  readonly #listeners = new Set<() => void>();
  readonly #whenReady = new Set<(builder: StartedBuilder) => void>();

  constructor(choose: (signal: AbortSignal) => Promise<Builder>, logger: Logger) {
    this.#choose = choose;
    this.#logger = logger;
  }

  status(): BuilderStatus {
    const state = this.#state === 'ready' && this.#users > 0 ? 'busy' : this.#state;
    const hello = this.#started?.hello;
    const machine = hello
      ? {
          system: hello.system,
          cores: hello.cores,
          memory: hello.memory,
          kvm: hello.kvm,
          nix: hello.nix,
          diskFree: hello.disk.free,
        }
      : null;
    const unreachableSince = this.#started?.transport.reach.unreachableSince?.toISOString() ?? null;
    return { kind: this.#kind, state, step: this.#step, error: this.#error, unreachableSince, machine };
  }

  /** Calls `listener` on every change of the status; returns how to end that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls `listener` with every builder that becomes ready. */
  onReady(listener: (builder: StartedBuilder) => void): void {
    this.#whenReady.add(listener);
  }

  /** Makes the builder ready, or waits until it is. */
  async start(signal?: AbortSignal): Promise<StartedBuilder> {
    // Without waiting where nothing is waited for: whoever asks for the status next sees what was begun.
    if (this.#stopping) await this.#stopping;
    // Both would make the same ISO; one that failed is tried again.
    if (this.#preparing) await this.#preparing.promise.catch(() => {});
    signal?.throwIfAborted();
    if (this.#started) return this.#started;
    this.#starting ??= task(
      (abort) => this.#startNow(abort),
      () => {
        this.#starting = undefined;
      },
    );
    return abortable(this.#starting.promise, signal);
  }

  /** Does beforehand what would make the first start long; a start has done, or does, the same. */
  async prepare(signal?: AbortSignal): Promise<void> {
    if (this.#stopping) await this.#stopping;
    if (this.#started || this.#starting) return;
    this.#preparing ??= task(
      (abort) => this.#prepareNow(abort),
      () => {
        this.#preparing = undefined;
      },
    );
    return abortable(this.#preparing.promise, signal);
  }

  /** Runs `work` on the ready builder, which counts as busy meanwhile. */
  async use<T>(work: (builder: StartedBuilder) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const builder = await this.start(signal);
    this.#users += 1;
    this.#changed();
    try {
      return await work(builder);
    } finally {
      this.#users -= 1;
      this.#changed();
    }
  }

  /** The last lines of its console; nothing while it does not run. */
  async consoleTail(): Promise<string> {
    return (await this.#started?.consoleTail()) ?? '';
  }

  /** How many use it now. */
  get users(): number {
    return this.#users;
  }

  /** Stops it cleanly, also one that was left running and could not be taken over; a start under way is given up. */
  async stop(): Promise<void> {
    const stop = async (started: StartedBuilder | undefined) => {
      if (started) await started[Symbol.asyncDispose]();
      else await this.#builder?.stopLeft?.();
    };
    this.#stopping ??= this.#end(stop).finally(() => {
      this.#stopping = undefined;
    });
    await this.#stopping;
  }

  /** Lets go of it and leaves it and its builds running; a start under way is given up. */
  async leave(): Promise<void> {
    this.#stopping ??= this.#end(async (started) => started?.detach()).finally(() => {
      this.#stopping = undefined;
    });
    await this.#stopping;
  }

  async #prepareNow(signal: AbortSignal): Promise<void> {
    this.#enter('preparing');
    try {
      const builder = await this.#choose(signal);
      this.#kind = builder.kind;
      await builder.prepare({ signal, onStep: (step) => this.#news(step) });
      this.#enter('absent');
    } catch (error) {
      this.#enter('absent', signal.aborted ? null : reportError(error));
      throw error;
    }
  }

  async #startNow(signal: AbortSignal): Promise<StartedBuilder> {
    this.#enter('starting');
    try {
      const builder = await this.#choose(signal);
      this.#builder = builder;
      this.#kind = builder.kind;
      this.#logger.info('Builder starting', { builder: builder.kind });
      const started = await builder.start({ signal, onStep: (step) => this.#news(step) });
      this.#started = started;
      started.lost.addEventListener('abort', () => void this.#lose(started), { once: true });
      started.transport.reach.onChange(() => this.#reachChanged(started));
      this.#logger.info('Builder ready', {
        builder: builder.kind,
        system: started.hello.system,
        nix: started.hello.nix,
      });
      this.#enter('ready');
      for (const listener of this.#whenReady) listener(started);
      return started;
    } catch (error) {
      const stopped = signal.aborted;
      this.#enter(stopped ? 'absent' : 'lost', stopped ? null : reportError(error));
      throw error;
    }
  }

  async #end(giveUp: (started: StartedBuilder | undefined) => Promise<void>): Promise<void> {
    for (const underWay of [this.#preparing, this.#starting]) {
      underWay?.abort.abort(new NexusError('stopping', 'The builder is being stopped'));
      await underWay?.promise.catch(() => {});
    }
    const started = this.#started;
    if (!started) return giveUp(undefined);
    this.#started = undefined;
    this.#enter('stopping');
    this.#logger.info('Builder stopping', { builder: started.kind });
    await giveUp(started);
    this.#logger.info('Builder stopped', { builder: started.kind });
    this.#enter('absent');
  }

  #reachChanged({ kind, transport }: StartedBuilder): void {
    const { unreachableSince, why } = transport.reach;
    if (unreachableSince) this.#logger.warn('Builder cannot be reached', { builder: kind, why });
    else this.#logger.info('Builder is reached again', { builder: kind });
    this.#changed();
  }

  async #lose(started: StartedBuilder): Promise<void> {
    if (this.#started !== started) return;
    this.#started = undefined;
    this.#logger.error('Builder lost', { builder: started.kind, why: messageOf(started.lost.reason) });
    this.#enter('lost', reportError(started.lost.reason));
    try {
      await started[Symbol.asyncDispose]();
    } catch (error) {
      this.#logger.warn('Clean-up of a lost builder failed', { why: messageOf(error) });
    }
  }

  #news(step: StepNews): void {
    if (step.detail === undefined) this.#logger.info('Builder step', { ...step });
    this.#step = step;
    this.#changed();
  }

  #enter(state: BuilderState, error: ErrorReport | null = null): void {
    this.#state = state;
    this.#error = error;
    if (state !== 'starting' && state !== 'preparing') this.#step = null;
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

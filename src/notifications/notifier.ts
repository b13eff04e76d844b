import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import { type BuildState, isFinished } from '../builds/build.ts';
import { eventsSoFar } from '../builds/event-stream.ts';
import type { BuildStore } from '../builds/store.ts';
import { messageOf, NexusError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { DataPaths } from '../paths.ts';
import { type Message, messageOfEvent } from './message.ts';
import { Told } from './told.ts';
import { deliverMessage, MessageRefused, type WebhookTarget } from './webhook.ts';

export interface NotifierOptions {
  target: WebhookTarget;
  store: BuildStore;
  paths: DataPaths;
  logger: Logger;
  /** Longest pause between two tries. */
  longestPauseMs?: number;
}

/**
 * Tells a webhook of every change of a build's state.
 *
 * INVARIANTS
 * - Every change is told at least once and in its order, also across restarts: what was told is kept by the numbers
 *   of the builds' events, and what was not is read from their journals.
 * - Builds never wait for it.
 */
export class Notifier implements AsyncDisposable {
  readonly #options: NotifierOptions;
  readonly #told: Told;
  readonly #closing = new AbortController();
  readonly #due = new Set<string>();
  /** The last state that was noticed of each build since the start. */
  readonly #states = new Map<string, BuildState>();
  /** The builds that were told of to their end since the start. */
  readonly #done = new Set<string>();
  readonly #stopListening: () => void;
  #wake = () => {};
  #working: Promise<void>;

  private constructor(options: NotifierOptions, told: Told) {
    this.#options = options;
    this.#told = told;
    for (const id of [...told.ids, ...options.store.unfinished().map(({ id }) => id)]) this.#due.add(id);
    this.#stopListening = options.store.onChange(({ id, state }) => {
      // Progress is no news.
      if (this.#states.get(id) === state) return;
      this.#states.set(id, state);
      void this.#note(id);
      this.#due.add(id);
      this.#wake();
    });
    this.#working = this.#work();
  }

  static async start(options: NotifierOptions): Promise<Notifier> {
    return new Notifier(options, await Told.open(options.paths.webhooks, options.logger));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopListening();
    this.#closing.abort(new NexusError('stopping', 'The orchestrator stops'));
    await this.#working;
  }

  async #work(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      try {
        for (const id of this.#due) {
          this.#due.delete(id);
          await this.#tell(id);
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#options.logger.warn('Webhooks wait', { why: messageOf(error) });
        await sleep(this.#longestPauseMs, undefined, { signal }).catch(() => {});
        continue;
      }
      await woken;
    }
  }

  /** From now on it is known, also to the next orchestrator, that there is something to tell of this build. */
  async #note(id: string): Promise<void> {
    if (this.#told.of(id) !== undefined || this.#done.has(id)) return;
    await this.#told.set(id, 0).catch((error) => {
      this.#options.logger.warn('What webhooks were told cannot be written', { why: messageOf(error) });
    });
  }

  /** Tells what has not been told of one build. */
  async #tell(id: string): Promise<void> {
    const { store, paths } = this.#options;
    if (this.#done.has(id)) return;
    const build = await store.get(id).catch(() => undefined);
    // Removed meanwhile: there is nothing to tell of it any more.
    if (!build) return this.#told.delete(id);
    // Whether it has ended is asked before its events are read, so that none falls between the two.
    const ended = isFinished(build);
    const since = this.#told.of(id) ?? 0;
    try {
      for (const event of await eventsSoFar({ store, id, journal: paths.build(id).events, since }, 1000)) {
        const message = messageOfEvent(build, event);
        if (message) await this.#deliver(message);
        await this.#told.set(id, event.n);
      }
    } catch (error) {
      this.#due.add(id);
      throw error;
    }
    if (!ended) return;
    this.#done.add(id);
    this.#states.delete(id);
    await this.#told.delete(id);
  }

  async #deliver(message: Message): Promise<void> {
    const { target, logger } = this.#options;
    const { signal } = this.#closing;
    try {
      await pRetry(() => deliverMessage(target, message, signal), {
        ...{ retries: 6, minTimeout: Math.min(1000, this.#longestPauseMs), maxTimeout: this.#longestPauseMs },
        ...{ signal, shouldRetry: ({ error }) => !(error instanceof MessageRefused) },
      });
    } catch (error) {
      if (!(error instanceof MessageRefused)) throw error;
      logger.warn('A webhook refused a message', { message: message.id, why: error.message });
    }
  }

  get #longestPauseMs(): number {
    return this.#options.longestPauseMs ?? 300_000;
  }
}

import { EventEmitter, on, once } from 'node:events';
import { posix } from 'node:path';
import { messageOf, NexusError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { anySignal } from '../transport/signals.ts';
import type { Transport } from '../transport/transport.ts';
import { readLines } from './lines.ts';
import { type BridgeEvent, type BridgeEventOf, parseEvent } from './messages.ts';

export type Hello = BridgeEventOf<'hello'>;

export interface PipeOptions {
  transport: Transport;
  /** Folder of the pipe on the builder. */
  root: string;
  logger: Logger;
}

/** How long the watcher may take to accept a script; it does nothing else meanwhile. */
const acceptMs = 60_000;

/**
 * The orchestrator's end of the pipe.
 *
 * INVARIANTS
 * - A script is written only after the one before it was accepted or rejected.
 * - Events are given in the order of `pipe_out`, each once per subscriber.
 * - When `pipe_out` cannot be followed any more, `lost` aborts and every wait rejects with its reason.
 */
export class Pipe implements AsyncDisposable {
  readonly root: string;
  readonly #transport: Transport;
  readonly #logger: Logger;
  readonly #events = new EventEmitter().setMaxListeners(0);
  readonly #closing = new AbortController();
  readonly #lost = new AbortController();
  readonly #following: Promise<void>;
  #sending: Promise<unknown> = Promise.resolve();
  #hello: Hello | undefined;

  constructor({ transport, root, logger }: PipeOptions) {
    this.root = root;
    this.#transport = transport;
    this.#logger = logger;
    this.#following = this.#follow();
  }

  /** Aborts when the pipe cannot be followed any more; the reason says why. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Waits for the greeting of a watcher that runs since the boot with this id. */
  async hello(boot: string, signal?: AbortSignal): Promise<Hello> {
    while (this.#hello?.boot !== boot) await this.#once('hello', signal);
    return this.#hello;
  }

  /**
   * Hands a script over and waits until the watcher has it.
   * @throws {NexusError} `script-rejected` with the watcher's reason, `pipe-timeout` when it does not answer.
   */
  async send(id: string, script: string, signal?: AbortSignal): Promise<void> {
    const turn = this.#sending.then(() => this.#sendNow(id, script, signal));
    this.#sending = turn.catch(() => {});
    return turn;
  }

  /** The events of one build from now on; the caller stops reading after `finished`. */
  events(id: string, signal?: AbortSignal): AsyncIterable<BridgeEvent> {
    const both = anySignal(signal, this.#lost.signal);
    both.throwIfAborted();
    // Listening begins now and not at the first read: `on` keeps what arrives in between.
    const events = on(this.#events, buildChannel(id), { signal: both });
    return this.#unwrap(events, both);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#following;
  }

  async #sendNow(id: string, script: string, signal?: AbortSignal): Promise<void> {
    const limit = AbortSignal.timeout(acceptMs);
    const answers = this.events(id, anySignal(signal, limit));
    try {
      await this.#transport.put(posix.join(this.root, 'pipe_in'), script, signal ? { signal } : {});
      for await (const event of answers) {
        if (event.type === 'accepted') return;
        if (event.type === 'rejected') {
          throw new NexusError('script-rejected', `The watcher refused script ${id}: ${event.why}`);
        }
      }
    } catch (error) {
      if (!limit.aborted || signal?.aborted) throw error;
      throw new NexusError(
        'pipe-timeout',
        `The watcher did not accept script ${id} within ${acceptMs / 1000} s`,
        {
          hint: 'See whether nexus-watcher runs on the builder: systemctl status nexus-watcher',
          cause: error,
        },
      );
    }
  }

  async #follow(): Promise<void> {
    const signal = this.#closing.signal;
    try {
      const chunks = this.#transport.follow(posix.join(this.root, 'pipe_out'), { signal });
      for await (const { text, offset, cut } of readLines(chunks)) {
        const parsed = cut
          ? ({ kind: 'malformed', why: 'longer than any event' } as const)
          : parseEvent(text);
        if (parsed.kind === 'event') this.#dispatch(parsed.event);
        if (parsed.kind === 'malformed')
          this.#logger.warn('Malformed event skipped', { offset, why: parsed.why });
      }
    } catch (error) {
      const why = signal.aborted
        ? new NexusError('stopping', 'The pipe was closed')
        : new NexusError('connection-lost', `The pipe cannot be followed any more: ${messageOf(error)}`, {
            cause: error,
          });
      this.#lost.abort(why);
    }
  }

  #dispatch(event: BridgeEvent): void {
    if (event.type === 'hello') {
      this.#hello = event;
      this.#events.emit('hello');
    } else if (event.id) {
      this.#events.emit(buildChannel(event.id), event);
    }
  }

  async #once(channel: string, signal?: AbortSignal): Promise<void> {
    const both = anySignal(signal, this.#lost.signal);
    try {
      await once(this.#events, channel, { signal: both });
    } catch (error) {
      both.throwIfAborted();
      throw error;
    }
  }

  async *#unwrap(events: AsyncIterable<unknown[]>, signal: AbortSignal): AsyncGenerator<BridgeEvent> {
    try {
      for await (const [event] of events) yield event as BridgeEvent;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  }
}

const buildChannel = (id: string) => `build ${id}`;

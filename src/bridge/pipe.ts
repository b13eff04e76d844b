import { EventEmitter, on, once } from 'node:events';
import { posix } from 'node:path';
import { NexusError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { anySignal, waitAtMost } from '../transport/signals.ts';
import type { Transport } from '../transport/transport.ts';
import { EventReader } from './event-reader.ts';
import type { BridgeEvent, BridgeEventOf } from './messages.ts';
import { pastEvents } from './past-events.ts';
import { Seen } from './seen.ts';

export type Hello = BridgeEventOf<'hello'>;

export interface PipeOptions {
  transport: Transport;
  /** Folder of the pipe on the builder. */
  root: string;
  logger: Logger;
}

/**
 * How long to wait for an answer before a script is sent again, which is harmless: a watcher may have died of the
 * first, or another hand may have replaced it in `pipe_in`. The time in which the builder cannot be reached is not
 * counted, since each time begins with a script that has arrived.
 */
const answerMs = 4_000;
const answerTries = 15;
const putTries = 8;

/**
 * The orchestrator's end of the pipe.
 *
 * INVARIANTS
 * - A script is written only after the one before it was accepted, rejected or given up.
 * - Events are given in the order of `pipe_out`, each once per subscriber, whatever happens to connection and builder.
 * - Only closing ends the reading of `pipe_out`; then `lost` aborts and every wait rejects with its reason.
 */
export class Pipe implements AsyncDisposable {
  readonly root: string;
  readonly #transport: Transport;
  readonly #events = new EventEmitter().setMaxListeners(0);
  readonly #closing = new AbortController();
  readonly #lost = new AbortController();
  readonly #following: Promise<void>;
  #sending: Promise<unknown> = Promise.resolve();
  #hello: Hello | undefined;

  constructor(options: PipeOptions) {
    this.root = options.root;
    this.#transport = options.transport;
    this.#following = this.#follow(options);
  }

  /** Aborts when the pipe is closed. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** The last greeting that was read. */
  get lastHello(): Hello | undefined {
    return this.#hello;
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

  /**
   * Every event of one build, from its first on and then as they come, each once: for whoever was not there when
   * they happened. The caller stops reading after `finished`.
   */
  replay(id: string, signal?: AbortSignal): AsyncIterable<BridgeEvent> {
    const live = this.events(id, signal);
    return this.#replay(id, live, anySignal(signal, this.#lost.signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#following;
  }

  async #sendNow(id: string, script: string, signal?: AbortSignal): Promise<void> {
    const enough = new AbortController();
    const both = anySignal(signal, this.#lost.signal);
    const answered = this.#answer(this.events(id, anySignal(signal, enough.signal)), id);
    // It is awaited below, but may reject before.
    answered.catch(() => {});
    try {
      for (let tries = 1; tries <= answerTries; tries += 1) {
        await this.#put(script, tries, both);
        if (await waitAtMost(answered, answerMs, both)) return;
      }
    } finally {
      enough.abort();
    }
    throw new NexusError(
      'pipe-timeout',
      `The watcher did not accept script ${id}, which was sent ${answerTries} times within ${(answerTries * answerMs) / 1000} s`,
      { hint: 'See whether nexus-watcher runs on the builder: systemctl status nexus-watcher' },
    );
  }

  /** What keeps a script from being put there, such as a folder of that name, is cleared away by the watcher. */
  async #put(script: string, tries: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#transport.put(posix.join(this.root, 'pipe_in'), script, { signal });
    } catch (error) {
      if (signal.aborted || tries >= putTries) throw error;
    }
  }

  async #answer(events: AsyncIterable<BridgeEvent>, id: string): Promise<true> {
    for await (const event of events) {
      if (event.type === 'accepted') return true;
      if (event.type === 'rejected') {
        throw new NexusError('script-rejected', `The watcher refused script ${id}: ${event.why}`);
      }
    }
    throw new Error('unreachable: events end with an error');
  }

  async *#replay(
    id: string,
    live: AsyncIterable<BridgeEvent>,
    signal: AbortSignal,
  ): AsyncGenerator<BridgeEvent> {
    const seen = new Seen();
    for (const event of await pastEvents(this.#transport, this.root, id, signal)) {
      if (seen.add(JSON.stringify(event))) yield event;
    }
    for await (const event of live) if (seen.add(JSON.stringify(event))) yield event;
  }

  /** Reads for as long as the pipe is open. */
  async #follow({ transport, root, logger }: PipeOptions): Promise<void> {
    const onEvent = (event: BridgeEvent) => this.#dispatch(event);
    await new EventReader({ transport, root, logger, onEvent }).read(this.#closing.signal);
    this.#lost.abort(new NexusError('stopping', 'The pipe was closed'));
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

import { EventEmitter, on, once } from 'node:events';
import { posix } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import { messageOf, NexusError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { anySignal, waitAtMost } from '../transport/signals.ts';
import type { Transport } from '../transport/transport.ts';
import { readLines } from './lines.ts';
import { type BridgeEvent, type BridgeEventOf, type ParsedLine, parseLine } from './messages.ts';
import { findPlace, type Place } from './place.ts';
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

/** How soon reading is tried again when it fails although the connection is there. */
const rereadMs = 1_000;

/** More malformed lines than a person wants to read about. */
const mostReports = 100;

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
  readonly #logger: Logger;
  readonly #events = new EventEmitter().setMaxListeners(0);
  readonly #closing = new AbortController();
  readonly #lost = new AbortController();
  readonly #seen = new Seen();
  readonly #following: Promise<void>;
  #sending: Promise<unknown> = Promise.resolve();
  #hello: Hello | undefined;
  #reports = 0;

  constructor({ transport, root, logger }: PipeOptions) {
    this.root = root;
    this.#transport = transport;
    this.#logger = logger;
    this.#following = this.#follow();
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
    for (const line of await this.#past(id, signal)) {
      const parsed = parseLine(line);
      if (parsed.kind !== 'event' || !('id' in parsed.event) || parsed.event.id !== id) continue;
      if (seen.add(JSON.stringify(parsed.event))) yield parsed.event;
    }
    for await (const event of live) if (seen.add(JSON.stringify(event))) yield event;
  }

  /** The lines that name the build; its last one also stands in a file of its own, for when `pipe_out` is renewed. */
  async #past(id: string, signal: AbortSignal): Promise<string[]> {
    const files = [posix.join(this.root, 'pipe_out'), posix.join(this.root, 'builds', id, 'finished')];
    const find = () =>
      this.#transport.run(['grep', '-ahsF', '-e', `"id":"${id}"`, '--', ...files], { signal });
    const { stdout } = await pRetry(find, {
      retries: Number.POSITIVE_INFINITY,
      maxTimeout: 5000,
      shouldRetry: ({ error }) => error instanceof NexusError && error.code === 'connection-lost',
      signal,
    });
    return stdout.split('\n');
  }

  /** Reads `pipe_out` for as long as the pipe is open, over whatever connection there is. */
  async #follow(): Promise<void> {
    const signal = this.#closing.signal;
    let place: Place | undefined;
    let told = '';
    while (!signal.aborted) {
      try {
        const from = await findPlace(this.#transport, this.#file, place, signal);
        place = from;
        for await (const end of this.#read(from.offset, signal)) place.offset = end;
      } catch (error) {
        if (signal.aborted) break;
        const why = messageOf(error);
        if (why !== told) this.#logger.debug('The pipe is read anew', { why });
        told = why;
        await sleep(rereadMs, undefined, { signal }).catch(() => {});
      }
    }
    this.#lost.abort(new NexusError('stopping', 'The pipe was closed'));
  }

  get #file(): string {
    return posix.join(this.root, 'pipe_out');
  }

  /** Gives the offset behind every line it has dealt with. */
  async *#read(offset: number, signal: AbortSignal): AsyncGenerator<number> {
    const chunks = this.#transport.follow(this.#file, { offset, signal, resume: false });
    for await (const line of readLines(chunks, offset)) {
      const parsed = parseLine(line.text);
      if (parsed.kind === 'event' && this.#seen.add(JSON.stringify(parsed.event)))
        this.#dispatch(parsed.event);
      this.#report(parsed, line.offset, line.cut);
      yield line.end;
    }
  }

  #report(parsed: ParsedLine, offset: number, cut: boolean): void {
    const why = parsed.kind === 'malformed' ? (cut ? 'longer than any event' : parsed.why) : undefined;
    const stray = parsed.kind === 'event' ? parsed.stray : undefined;
    const what = why ? 'Malformed event skipped' : 'Event found behind something malformed';
    if (!why && !stray) return;
    if (!this.#seen.add(`malformed line at ${offset}`)) return;
    this.#reports += 1;
    if (this.#reports > mostReports) return;
    this.#logger.warn(what, { offset, why: why ?? stray });
    if (this.#reports === mostReports) this.#logger.warn('Further malformed events are not reported');
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

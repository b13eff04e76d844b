import { posix } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Transport } from '../transport/transport.ts';
import { readLines } from './lines.ts';
import { type BridgeEvent, type ParsedLine, parseLine } from './messages.ts';
import { findPlace, type Place } from './place.ts';
import { Seen } from './seen.ts';

export interface EventReaderOptions {
  transport: Transport;
  /** Folder of the pipe on the builder. */
  root: string;
  logger: Logger;
  onEvent: (event: BridgeEvent) => void;
}

/** How soon reading is tried again when it fails although the connection is there. */
const rereadMs = 1_000;

/** More malformed lines than a person wants to read about. */
const mostReports = 100;

/**
 * Reads `pipe_out` over whatever connection there is, for as long as it is told to.
 *
 * INVARIANT: every event is given once, in the order of the file, whatever happens to connection, builder and file.
 */
export class EventReader {
  readonly #options: EventReaderOptions;
  readonly #file: string;
  readonly #seen = new Seen();
  #reports = 0;

  constructor(options: EventReaderOptions) {
    this.#options = options;
    this.#file = posix.join(options.root, 'pipe_out');
  }

  /** Ends with its signal. */
  async read(signal: AbortSignal): Promise<void> {
    const { transport, logger } = this.#options;
    let place: Place | undefined;
    let told = '';
    while (!signal.aborted) {
      try {
        const from = await findPlace(transport, this.#file, place, signal);
        place = from;
        for await (const end of this.#readFrom(from.offset, signal)) from.offset = end;
      } catch (error) {
        if (signal.aborted) return;
        const why = messageOf(error);
        if (why !== told) logger.debug('The pipe is read anew', { why });
        told = why;
        await sleep(rereadMs, undefined, { signal }).catch(() => {});
      }
    }
  }

  /** Gives the offset behind every line it has dealt with. */
  async *#readFrom(offset: number, signal: AbortSignal): AsyncGenerator<number> {
    const { transport, onEvent } = this.#options;
    const chunks = transport.follow(this.#file, { offset, signal, resume: false });
    for await (const line of readLines(chunks, offset)) {
      const parsed = parseLine(line.text);
      if (parsed.kind === 'event' && this.#seen.add(JSON.stringify(parsed.event))) onEvent(parsed.event);
      this.#report(parsed, line.offset, line.cut);
      yield line.end;
    }
  }

  #report(parsed: ParsedLine, offset: number, cut: boolean): void {
    const why = parsed.kind === 'malformed' ? (cut ? 'longer than any event' : parsed.why) : undefined;
    const stray = parsed.kind === 'event' ? parsed.stray : undefined;
    if (!why && !stray) return;
    if (!this.#seen.add(`malformed line at ${offset}`)) return;
    this.#reports += 1;
    if (this.#reports > mostReports) return;
    const what = why ? 'Malformed event skipped' : 'Event found behind something malformed';
    const { logger } = this.#options;
    logger.warn(what, { offset, why: why ?? stray });
    if (this.#reports === mostReports) logger.warn('Further malformed events are not reported');
  }
}

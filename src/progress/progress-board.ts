import { EventEmitter } from 'node:events';
import { stat } from 'node:fs/promises';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { readAvailable } from '../transport/follow-file.ts';
import { BuildProgress } from './build-progress.ts';
import type { Durations } from './durations.ts';
import type { Progress } from './schema.ts';

/** What the board has to know of a build. */
export interface BoardBuild {
  id: string;
  state: string;
  phase: string | null;
  /** Where in its log the present attempt begins. */
  logStart: number;
}

export interface ProgressBoardOptions {
  /** Where the raw log of a build lies. */
  logOf: (id: string) => string;
  durations: Durations;
  logger: Logger;
  now?: () => number;
}

interface Entry {
  readonly logStart: number;
  progress: BuildProgress;
  /** How far the log has been read. */
  offset: number;
  /** What was there when we first looked. */
  before: number | undefined;
  /** Ends when nobody reads. */
  reading: Promise<void>;
  busy: boolean;
}

/** The logs are looked at this often, and listeners told, while a build is silent too: its clocks go on. */
const lookMs = 500;

/**
 * What each running build is doing, read from its log.
 *
 * INVARIANT: there is an entry for a build only while it is in the state `building`; whatever ends or removes it
 * ends the reading of its log.
 */
export class ProgressBoard {
  readonly #options: ProgressBoardOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #changes = new EventEmitter().setMaxListeners(0);
  readonly #now: () => number;
  #clock: NodeJS.Timeout | undefined;

  constructor(options: ProgressBoardOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Tells the board of every change of a build. */
  update(build: BoardBuild): void {
    if (build.state === 'building') {
      const entry = this.#entries.get(build.id);
      // A new attempt has nothing to do with what the one before has left undone.
      const current = entry?.logStart === build.logStart ? entry : this.#begin(build);
      current.progress.inPhase(build.phase);
    } else this.#end(build);
  }

  /** Forgets a build. */
  remove(id: string): void {
    this.#entries.delete(id);
    if (this.#entries.size > 0) return;
    clearInterval(this.#clock);
    this.#clock = undefined;
  }

  /** What a build does now; nothing when it does not run. */
  of(id: string): Progress | undefined {
    const past = (name: string) => this.#options.durations.of(name);
    return this.#entries.get(id)?.progress.snapshot(this.#now(), past);
  }

  /** Calls `listener` now and then for each build that runs; returns how to end that. */
  onChange(listener: (id: string) => void): () => void {
    this.#changes.on('change', listener);
    return () => this.#changes.off('change', listener);
  }

  /** Forgets all. */
  close(): void {
    for (const id of [...this.#entries.keys()]) this.remove(id);
  }

  #begin({ id, logStart }: BoardBuild): Entry {
    const progress = new BuildProgress(this.#now());
    const entry: Entry = {
      progress,
      offset: logStart,
      logStart,
      before: undefined,
      reading: Promise.resolve(),
      busy: false,
    };
    this.#entries.set(id, entry);
    this.#clock ??= setInterval(() => {
      for (const [each, entry] of this.#entries) if (!entry.busy) void this.#readOn(each, entry);
    }, lookMs).unref();
    void this.#readOn(id, entry);
    return entry;
  }

  /** Reads what was appended, after what is being read already. */
  #readOn(id: string, entry: Entry): Promise<void> {
    entry.busy = true;
    entry.reading = entry.reading
      .then(() => this.#read(id, entry))
      .catch((error) => {
        this.#options.logger.warn('Log cannot be read for progress', { buildId: id, why: messageOf(error) });
      })
      .finally(() => {
        entry.busy = false;
      });
    return entry.reading;
  }

  /** What is there already, of a build taken up after a restart, tells counts but no durations. */
  async #read(id: string, entry: Entry): Promise<void> {
    const path = this.#options.logOf(id);
    if (entry.before === undefined) {
      const found = await stat(path).catch(() => undefined);
      entry.before = found?.size ?? 0;
      if (entry.before > entry.offset && found) entry.progress.printedAt(found.mtimeMs);
    }
    for await (const chunk of readAvailable(path, entry.offset)) {
      entry.progress.read(chunk, entry.offset < entry.before ? null : this.#now());
      entry.offset += chunk.length;
    }
    if (this.#entries.get(id) === entry) this.#changes.emit('change', id);
  }

  #end({ id, state }: BoardBuild): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.remove(id);
    // A build that was cut short says nothing of how long its derivations take.
    if (state !== 'collecting' && state !== 'succeeded') return;
    this.#keepDurations(id, entry).catch((error) => {
      this.#options.logger.warn('Durations cannot be kept', { buildId: id, why: messageOf(error) });
    });
  }

  /** The log is whole by now, and its end is that of the image itself. */
  async #keepDurations(id: string, entry: Entry): Promise<void> {
    await this.#readOn(id, entry);
    await this.#options.durations.add(entry.progress.takeFinished());
  }
}

import { EventEmitter } from 'node:events';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { buildIdPattern } from '../bridge/messages.ts';
import { messageOf, NexusError, systemCodeOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { DataPaths } from '../paths.ts';
import { syncFolder } from '../write-file-atomically.ts';
import { type Build, isFinished } from './build.ts';
import { BuildIndex, type BuildQuery, readSummary, type Summary } from './build-index.ts';
import { type Happening, isKept } from './event.ts';
import { Journal } from './journal.ts';
import { readBuild, writeRecord } from './read-build.ts';
import { transition } from './transition.ts';

/** An unfinished build. */
interface Live {
  build: Build;
  journal: Journal;
  writing: Promise<unknown>;
}

/**
 * The records of all builds. Unfinished ones are in memory, of the others only what a list needs to find them.
 *
 * INVARIANTS
 * - A change is visible only after it is in the journal on the disk.
 * - Changes of one build are written in the order in which they were asked for.
 */
export class BuildStore {
  readonly #paths: DataPaths;
  readonly #logger: Logger;
  readonly #live = new Map<string, Live>();
  /** Records of builds that have just ended, on their way to the disk. */
  readonly #closing = new Map<string, Promise<void>>();
  readonly #index = new BuildIndex();
  readonly #changes = new EventEmitter().setMaxListeners(0);

  private constructor(paths: DataPaths, logger: Logger) {
    this.#paths = paths;
    this.#logger = logger;
  }

  /** Finds all builds. What is damaged is set aside under another name and reported; the others are unharmed. */
  static async open(paths: DataPaths, logger: Logger): Promise<BuildStore> {
    await mkdir(paths.builds, { recursive: true, mode: 0o700 });
    const store = new BuildStore(paths, logger);
    const found: Summary[] = [];
    for (const id of (await readdir(paths.builds)).filter((name) => buildIdPattern.test(name))) {
      const summary = await store.#find(id);
      if (summary) found.push(summary);
    }
    store.#index.load(found);
    return store;
  }

  /** The builds that have not ended, oldest first. */
  unfinished(): Build[] {
    const builds = [...this.#live.values()].map(({ build }) => build);
    return builds.sort((a, b) => a.createdAt.localeCompare(b.createdAt) || a.id.localeCompare(b.id));
  }

  /** An unfinished build as it is now; nothing when it has ended. */
  current(id: string): Build | undefined {
    return this.#live.get(id)?.build;
  }

  /** @throws {NexusError} `not-found`, with ids that are like it. */
  async get(id: string): Promise<Build> {
    const known = this.summary(id);
    const live = this.current(id);
    if (live) return live;
    // Whoever finds no record makes it anew, and would take half of one for something a crash has left.
    await this.#closing.get(id);
    const stored = await readBuild(id, this.#paths.build(id), this.#logger);
    if (stored) return stored.build;
    this.#index.delete(id);
    throw new NexusError('not-found', `The record of build ${id} (${known.name}) is damaged or was removed`);
  }

  /** What a list knows of a build. @throws {NexusError} `not-found`, with ids that are like it. */
  summary(id: string): Summary {
    const summary = this.#index.get(id);
    if (!summary) throw this.#index.notFound(id);
    return summary;
  }

  /** The newest build that succeeded of all with this key. */
  succeeded(key: string): string | undefined {
    return this.#index.succeeded(key);
  }

  /** Builds, newest first; `next` is what to ask for `before` when there are more. */
  async page(query: BuildQuery): Promise<{ builds: Build[]; next: string | null }> {
    const { ids, more } = this.#index.page(query);
    const found = await Promise.all(ids.map((id) => this.get(id).catch(unlessGone)));
    return {
      builds: found.filter((build) => build !== undefined),
      next: more ? (ids.at(-1) ?? null) : null,
    };
  }

  /** How much of the journal of an unfinished build counts; nothing limits that of a finished one. */
  journalSize(id: string): number {
    return this.#live.get(id)?.journal.size ?? Number.POSITIVE_INFINITY;
  }

  /** Accepts a build: when this returns, it is on the disk. @throws EEXIST when there is one of this id. */
  async add(build: Build): Promise<void> {
    const paths = this.#paths.build(build.id);
    await mkdir(paths.root, { mode: 0o700 });
    const journal = new Journal(paths.events);
    try {
      await journal.append(
        { type: 'queued', request: build.request, key: build.key },
        new Date(build.createdAt),
      );
      await writeRecord(paths, build);
      await syncFolder(this.#paths.builds);
    } catch (error) {
      await rm(paths.root, { recursive: true, force: true });
      throw cannotWrite(build.id, error);
    }
    this.#live.set(build.id, { build, journal, writing: Promise.resolve() });
    this.#show(build);
  }

  /**
   * Records what has happened; from then on it is true.
   * @throws {NexusError} `record-failed` when it cannot be written: then it has not happened.
   */
  async apply(id: string, happening: Happening): Promise<Build> {
    const live = this.#live.get(id);
    if (!live) throw new NexusError('internal', `Build ${id} has ended: nothing can happen to it`);
    const next = live.writing.then(() => this.#write(live, happening));
    live.writing = next.catch(() => {});
    return next;
  }

  /** All ids, in no order. */
  get ids(): string[] {
    return this.#index.ids;
  }

  /** Whether there is a build of this id. */
  has(id: string): boolean {
    return this.#index.get(id) !== undefined;
  }

  /** Forgets a finished build whose files are removed. */
  forget(id: string): void {
    if (this.current(id)) throw new NexusError('internal', `Build ${id} has not ended`);
    this.#index.delete(id);
  }

  /** Calls `listener` on every change of any build; returns how to end that. */
  onChange(listener: (build: Build) => void): () => void {
    this.#changes.on('change', listener);
    return () => this.#changes.off('change', listener);
  }

  async #write(live: Live, happening: Happening): Promise<Build> {
    const at = new Date();
    const build = transition(live.build, happening, at);
    const { id } = build;
    if (isKept(happening)) {
      await live.journal.append(happening, at).catch((error) => {
        throw cannotWrite(id, error);
      });
    }
    live.build = build;
    if (isFinished(build)) {
      this.#live.delete(id);
      this.#closing.set(id, this.#writeRecord(build));
      await this.#closing.get(id);
      this.#closing.delete(id);
    }
    this.#show(build);
    return build;
  }

  /** Never rejects. */
  async #writeRecord(build: Build): Promise<void> {
    try {
      await writeRecord(this.#paths.build(build.id), build);
    } catch (error) {
      // The journal has it all, and whoever reads the build next makes the record of that.
      this.#logger.warn('Record of a build not written', { buildId: build.id, why: messageOf(error) });
    }
  }

  #show(build: Build): void {
    this.#index.set(summaryOf(build));
    this.#changes.emit('change', build);
  }

  async #find(id: string): Promise<Summary | undefined> {
    const paths = this.#paths.build(id);
    const summary = readSummary(paths.record);
    if (summary && summary.id === id && isFinished(summary)) return summary;
    const stored = await readBuild(id, paths, this.#logger);
    if (!stored) return undefined;
    const { build, journal } = stored;
    if (journal) this.#live.set(id, { build, journal, writing: Promise.resolve() });
    return summaryOf(build);
  }
}

function summaryOf({ id, request, state, createdAt, key }: Build): Summary {
  return { id, name: request.name, state, createdAt, key };
}

function cannotWrite(id: string, error: unknown): unknown {
  return new NexusError(
    'record-failed',
    `The journal of build ${id} cannot be written: ${messageOf(error)}`,
    {
      hint: systemCodeOf(error) === 'ENOSPC' ? 'The disk of the orchestrator is full; make room.' : undefined,
      cause: error,
    },
  );
}

function unlessGone(error: unknown): undefined {
  if (!(error instanceof NexusError && error.code === 'not-found')) throw error;
}

import { EventEmitter } from 'node:events';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { messageOf, NexusError, systemCodeOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { BuildPaths, DataPaths } from '../paths.ts';
import { writeFileAtomically } from '../write-file-atomically.ts';
import { type Build, buildSchema } from './build.ts';
import { nearest } from './nearest.ts';
import { type Happening, transition } from './transition.ts';

/**
 * The records of all builds: in memory for reading, on disk before anything acts on them.
 *
 * INVARIANT: a change is visible only after it is on disk, and changes of one build are written in order.
 */
export class BuildStore {
  readonly #paths: DataPaths;
  readonly #builds = new Map<string, Build>();
  readonly #writing = new Map<string, Promise<unknown>>();
  readonly #changes = new EventEmitter().setMaxListeners(0);

  private constructor(paths: DataPaths) {
    this.#paths = paths;
  }

  /** Reads all records. A damaged one is set aside under another name and reported; the others are unharmed. */
  static async open(paths: DataPaths, logger: Logger): Promise<BuildStore> {
    await mkdir(paths.builds, { recursive: true, mode: 0o700 });
    const store = new BuildStore(paths);
    for (const id of (await readdir(paths.builds)).sort()) {
      const build = await readRecord(paths.build(id), logger);
      if (build) store.#builds.set(build.id, build);
    }
    return store;
  }

  /** All builds, newest first. */
  list(): Build[] {
    return [...this.#builds.values()].sort(
      (a, b) => b.createdAt.localeCompare(a.createdAt) || b.id.localeCompare(a.id),
    );
  }

  /** @throws {NexusError} `not-found`, with ids that are like it. */
  get(id: string): Build {
    const build = this.#builds.get(id);
    if (build) return build;
    const near = nearest(id, [...this.#builds.keys()]);
    throw new NexusError('not-found', `There is no build ${id}`, {
      hint: near.length > 0 ? `Did you mean ${near.join(' or ')}?` : '`nexus list` shows all builds.',
    });
  }

  /** The build of this id, if there is one. */
  find(id: string): Build | undefined {
    return this.#builds.get(id);
  }

  /** Forgets a build that is about to be removed. */
  forget(id: string): void {
    this.#builds.delete(id);
    this.#writing.delete(id);
  }

  async add(build: Build): Promise<void> {
    await mkdir(this.#paths.build(build.id).root, { mode: 0o700 });
    await this.#write(build);
  }

  /** Applies what has happened and stores the result. */
  async apply(id: string, happening: Happening): Promise<Build> {
    const before = this.#writing.get(id) ?? Promise.resolve();
    const next = before.then(async () => {
      const build = transition(this.get(id), happening, new Date());
      // Progress is told often and worth nothing after a crash; and whoever waits for room on a disk cannot write.
      if (happening.type === 'fetching' || happening.type === 'waiting') this.#show(build);
      else await this.#write(build);
      return build;
    });
    this.#writing.set(
      id,
      next.catch(() => {}),
    );
    return next;
  }

  /** Calls `listener` on every change of any build; returns how to end that. */
  onChange(listener: (build: Build) => void): () => void {
    this.#changes.on('change', listener);
    return () => this.#changes.off('change', listener);
  }

  async #write(build: Build): Promise<void> {
    await writeFileAtomically(this.#paths.build(build.id).record, `${JSON.stringify(build, null, 2)}\n`);
    this.#show(build);
  }

  #show(build: Build): void {
    this.#builds.set(build.id, build);
    this.#changes.emit('change', build);
  }
}

async function readRecord(paths: BuildPaths, logger: Logger): Promise<Build | undefined> {
  let text: string;
  try {
    text = await readFile(paths.record, 'utf8');
  } catch (error) {
    // A crash between making the folder and writing the record leaves a folder nobody was told of.
    if (systemCodeOf(error) !== 'ENOENT' && systemCodeOf(error) !== 'ENOTDIR') throw error;
    return undefined;
  }
  try {
    return buildSchema.parse(JSON.parse(text));
  } catch (error) {
    const aside = `${paths.record}.damaged`;
    await rename(paths.record, aside);
    logger.error('Damaged build record set aside', { file: aside, why: messageOf(error) });
    return undefined;
  }
}

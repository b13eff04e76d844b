import { join } from 'node:path';
import type { StartedBuilder } from '../builders/builder.ts';
import type { BuilderLife } from '../builders/builder-life.ts';
import { type Build, isFinished } from '../builds/build.ts';
import { collectStore } from '../builds/builder-garbage.ts';
import { measureRoom } from '../builds/builder-room.ts';
import { artifactsFolder } from '../builds/collect.ts';
import type { BuildStore } from '../builds/store.ts';
import type { Config } from '../config.ts';
import { messageOf, NexusError } from '../errors.ts';
import { folderBytes } from '../folder-bytes.ts';
import type { Logger } from '../log.ts';
import type { DataPaths } from '../paths.ts';
import { listFolders, removeFolders } from './builder-folders.ts';
import { decideBuilds, decideFolders, type KeptBuild } from './decide.ts';
import type { GcReport } from './gc-report.ts';
import { findLeftovers, removeLeftover } from './leftovers.ts';
import { isPinned, setPinned } from './pins.ts';
import { removeBuild } from './remove-build.ts';

type Item = GcReport['items'][number];

export interface GarbageOptions {
  config: Pick<Config, 'artifacts' | 'keep' | 'room'>;
  paths: DataPaths;
  store: BuildStore;
  life: BuilderLife;
  logger: Logger;
}

/**
 * Finds what nobody needs, and removes it.
 *
 * INVARIANTS
 * - What has not ended, what is pinned, and what the user was given never goes, unless the user has said so.
 * - One collection at a time.
 */
export class Garbage {
  readonly #options: GarbageOptions;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: GarbageOptions) {
    this.#options = options;
  }

  collect(dryRun: boolean): Promise<GcReport> {
    return this.#inTurn(() => this.#collectNow(dryRun));
  }

  /** @throws {NexusError} `not-found`. */
  pin(id: string, pinned: boolean): Promise<{ id: string; pinned: boolean }> {
    return this.#inTurn(async () => {
      this.#options.store.summary(id);
      await setPinned(this.#options.paths.build(id), pinned);
      return { id, pinned };
    });
  }

  /**
   * Removes one build because somebody says so.
   * @throws {NexusError} `not-found`, `not-finished`, `pinned`.
   */
  remove(id: string, withArtifacts: boolean): Promise<GcReport> {
    return this.#inTurn(async () => {
      const { store, paths } = this.#options;
      const build = await store.get(id);
      if (!isFinished(build)) {
        throw new NexusError('not-finished', `Build ${id} is ${build.state}, so it cannot be removed`, {
          hint: `End it first: nexus cancel ${id}`,
        });
      }
      if (await isPinned(paths.build(id))) {
        throw new NexusError('pinned', `Build ${id} is pinned, so nothing removes it`, {
          hint: `If it may go after all: nexus unpin ${id}`,
        });
      }
      const { bytes } = await this.#measure(build, withArtifacts);
      await this.#removeBuild(id, withArtifacts);
      const item = { kind: 'build', name: id, bytes, why: 'somebody said so' } as const;
      return { dryRun: false, items: [item], bytes, notes: [] };
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #removeBuild(id: string, withArtifacts: boolean): Promise<void> {
    const { store, paths, config, logger } = this.#options;
    store.forget(id);
    await removeBuild(id, withArtifacts, { paths, artifacts: config.artifacts, logger });
    logger.info('Build removed', { buildId: id, withArtifacts });
  }

  async #collectNow(dryRun: boolean): Promise<GcReport> {
    const { logger } = this.#options;
    const notes: string[] = [];
    const items = [...(await this.#builds(dryRun, notes)), ...(await this.#onBuilder(dryRun, notes))];
    const bytes = items.reduce((sum, item) => sum + item.bytes, 0);
    if (!dryRun && items.length > 0) logger.info('Garbage collected', { items: items.length, bytes });
    return { dryRun, items, bytes, notes };
  }

  async #builds(dryRun: boolean, notes: string[]): Promise<Item[]> {
    const { config, store } = this.#options;
    const withArtifacts = config.keep.artifacts === 'with-build';
    const now = Date.now();
    const builds = await readAll(store);
    const kept = await Promise.all(builds.map((build) => this.#measure(build, withArtifacts)));
    const sizes = new Map(kept.map(({ id, bytes }) => [id, bytes]));
    const items: Item[] = [];
    const gone = new Set<string>();
    for (const { id, why } of decideBuilds(kept, config.keep, now)) {
      const item = { kind: 'build', name: id, bytes: sizes.get(id) ?? 0, why } as const;
      const remove = () => this.#removeBuild(id, withArtifacts);
      if (await this.#attempt(item, dryRun ? undefined : remove, notes)) {
        items.push(item);
        gone.add(id);
      }
    }
    const left = builds.filter(({ id }) => !gone.has(id));
    return [...items, ...(await this.#leftovers(left, now, dryRun, notes))];
  }

  async #measure(build: Build, withArtifacts: boolean): Promise<KeptBuild> {
    const { paths, config } = this.#options;
    const ofBuild = paths.build(build.id);
    const folders = [
      ofBuild.root,
      ...(withArtifacts ? [join(config.artifacts, artifactsFolder(build))] : []),
    ];
    const sizes = await Promise.all(folders.map(folderBytes));
    return {
      id: build.id,
      finishedAt: build.finishedAt === null ? null : Date.parse(build.finishedAt),
      bytes: sizes.reduce((sum, size) => sum + size, 0),
      pinned: await isPinned(ofBuild),
    };
  }

  async #leftovers(builds: readonly Build[], now: number, dryRun: boolean, notes: string[]): Promise<Item[]> {
    const { paths, config, store } = this.#options;
    const usedSources = new Set(builds.flatMap(({ request }) => request.source ?? []));
    const found = await findLeftovers({
      ...{ paths, artifacts: config.artifacts, usedSources, now },
      isUnfinished: (id) => store.current(id) !== undefined,
    });
    const items: Item[] = [];
    for (const leftover of found) {
      const { kind, name, bytes, why } = leftover;
      const item = { kind, name, bytes, why };
      if (await this.#attempt(item, dryRun ? undefined : () => removeLeftover(leftover, now), notes))
        items.push(item);
    }
    return items;
  }

  /** A builder that does not run is not started for this; one whose store is its owner’s keeps it. */
  async #onBuilder(dryRun: boolean, notes: string[]): Promise<Item[]> {
    const { life } = this.#options;
    if (!life.status().machine) {
      notes.push('The builder does not run, so it was not looked at.');
      return [];
    }
    try {
      return await life.use((builder) => this.#cleanBuilder(builder, dryRun));
    } catch (error) {
      notes.push(`The builder could not be cleaned: ${messageOf(error)}`);
      return [];
    }
  }

  async #cleanBuilder(builder: StartedBuilder, dryRun: boolean): Promise<Item[]> {
    const { config, logger, life } = this.#options;
    const { now, folders } = await listFolders(builder);
    const goes = decideFolders(folders, now, (folder) => this.#stateOf(folder));
    if (!dryRun)
      await removeFolders(
        builder,
        goes.map(({ name }) => name),
      );
    const items: Item[] = goes.map(({ name, bytes }) => ({
      ...{ kind: 'builder-folder', name, bytes, why: 'its build ended a while ago' },
    }));
    const { disk } = await measureRoom(builder);
    const missing = config.room.builder - disk;
    if (missing <= 0 || builder.kind === 'this-machine' || life.users > 1) return items;
    if (!dryRun) await collectStore({ builder, signal: builder.lost, logger }, missing);
    const freed = dryRun ? missing : Math.max(0, (await measureRoom(builder)).disk - disk);
    const why = 'an image needs more room than is free there';
    return [...items, { kind: 'builder-store', name: '/nix/store', bytes: freed, why }];
  }

  /** What this orchestrator knows of a folder on the builder; a second attempt has the id with a number. */
  #stateOf(folder: string): 'unfinished' | 'finished' | 'unknown' {
    const { store } = this.#options;
    const id = [folder, folder.replace(/-\d$/, '')].find((id) => store.has(id));
    if (id === undefined) return 'unknown';
    return store.current(id) ? 'unfinished' : 'finished';
  }

  /** @returns whether it is gone, or would be. */
  async #attempt(
    item: Item,
    remove: (() => Promise<unknown>) | undefined,
    notes: string[],
  ): Promise<boolean> {
    try {
      return (await remove?.()) !== false;
    } catch (error) {
      notes.push(`${item.name} could not be removed: ${messageOf(error)}`);
      return false;
    }
  }
}

const readers = 16;

/** Every build there is, without those whose record has gone meanwhile. */
async function readAll(store: BuildStore): Promise<Build[]> {
  const builds: Build[] = [];
  const ids = store.ids.values();
  const read = async () => {
    for (const id of ids) {
      const build = await store.get(id).catch(unlessGone);
      if (build) builds.push(build);
    }
  };
  await Promise.all(Array.from({ length: readers }, read));
  return builds;
}

function unlessGone(error: unknown): undefined {
  if (!(error instanceof NexusError && error.code === 'not-found')) throw error;
}

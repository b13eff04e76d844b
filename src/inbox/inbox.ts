import { lstat, symlink, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { watch } from 'chokidar';
import { type Build, isFinished } from '../builds/build.ts';
import type { Builds } from '../builds/builds.ts';
import { artifactsFolder } from '../builds/collect.ts';
import type { BuildRequest } from '../builds/request.ts';
import type { Sources } from '../builds/sources.ts';
import type { BuildStore } from '../builds/store.ts';
import { messageOf, NexusError, reportError, systemCodeOf } from '../errors.ts';
import { giveToOwnerOf } from '../give-to-owner.ts';
import type { Logger } from '../log.ts';
import { waitAtMost } from '../transport/signals.ts';
import { writeFileAtomically } from '../write-file-atomically.ts';
import { isNoise } from './entry-name.ts';
import type { Ledger } from './ledger.ts';
import { contentOf, type Entry, listEntries, stampOf } from './look.ts';
import { makeRequest } from './make-request.ts';
import { describeBuild, describeRefusal } from './report.ts';

export interface InboxOptions {
  folder: string;
  /** Where artifacts are; undefined when the user calls that folder by another name, so that no link would lead there. */
  artifacts: string | undefined;
  ledger: Ledger;
  builds: Builds;
  store: BuildStore;
  sources: Sources;
  logger: Logger;
  /** How long something must have stayed as it is. */
  settleMs: number;
}

/** Some file systems report no changes (network mounts, folders of Docker Desktop), so we look this often ourselves. */
const recheckMs = 10_000;

/**
 * A folder in which everything that is dropped becomes a build.
 *
 * INVARIANTS
 * - What has been handed in is not handed in again until its content changes, also across restarts and crashes.
 * - Nothing in the inbox is changed but our own reports and links beside what was dropped.
 */
export class Inbox implements AsyncDisposable {
  readonly #options: InboxOptions;
  readonly #closing = new AbortController();
  /** Stamps of what has not been still for long enough, and since when they are what they are. */
  readonly #unsettled = new Map<string, { stamp: string; since: number }>();
  /** Builds whose reports are to be written. */
  readonly #news = new Set<string>();
  /** The state that was last reported of each unfinished build. */
  readonly #reported = new Map<string, Build['state']>();
  readonly #working: Promise<void>;
  #wake = () => {};

  constructor(options: InboxOptions) {
    this.#options = options;
    this.#working = this.#work();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new NexusError('stopping', 'The orchestrator stops'));
    await this.#working;
  }

  async #work(): Promise<void> {
    const { folder, store, ledger, logger } = this.#options;
    const { signal } = this.#closing;
    const watcher = watch(folder, {
      ...{ ignoreInitial: true, followSymlinks: false, depth: 3 },
      ignored: (path) => dirname(path) === folder && isNoise(basename(path)),
    });
    watcher.on('all', () => this.#wake());
    // Then nothing wakes us but the clock.
    watcher.on('error', (error) => logger.warn('The inbox cannot be watched', { why: messageOf(error) }));
    const stop = store.onChange(({ id }) => {
      if (ledger.namesOf(id).length === 0) return;
      this.#news.add(id);
      this.#wake();
    });
    for (const [, { build }] of ledger.entries) if (build !== null) this.#news.add(build);
    try {
      while (!signal.aborted) {
        const woken = new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        await this.#round().catch((error) =>
          logger.warn('The inbox cannot be read', { why: messageOf(error) }),
        );
        await waitAtMost(woken, this.#unsettled.size > 0 ? this.#options.settleMs : recheckMs, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      stop();
      await watcher.close();
    }
  }

  async #round(): Promise<void> {
    const { folder, ledger } = this.#options;
    await this.#writeReports();
    const entries = await listEntries(folder);
    for (const entry of entries) await this.#look(entry);
    const names = new Set(entries.map(({ name }) => name));
    for (const name of this.#unsettled.keys()) if (!names.has(name)) this.#unsettled.delete(name);
    // Dropped again, it is meant again.
    for (const [name, { build }] of ledger.entries) {
      if (!names.has(name) && !(build !== null && this.#options.store.current(build)))
        await ledger.delete(name);
    }
  }

  async #look(entry: Entry): Promise<void> {
    const { ledger, settleMs } = this.#options;
    const { name } = entry;
    const stamp = await stampOf(entry).catch(stampOfError);
    if (stamp === undefined || ledger.get(name)?.stamp === stamp) {
      this.#unsettled.delete(name);
      return;
    }
    const before = this.#unsettled.get(name);
    if (before?.stamp !== stamp) this.#unsettled.set(name, { stamp, since: performance.now() });
    else if (performance.now() - before.since >= settleMs) {
      this.#unsettled.delete(name);
      await this.#take(entry, stamp);
    }
  }

  /** It has stopped changing. */
  async #take(entry: Entry, stamp: string): Promise<void> {
    const { ledger, logger } = this.#options;
    const { name } = entry;
    const known = ledger.get(name);
    try {
      const content = await contentOf(entry);
      if (content === undefined) return;
      // Touched, copied anew, or checked out again.
      if (known?.content === content && known.build !== null) return ledger.set(name, { ...known, stamp });
      const begun = known?.content === content && known.build === null ? known : undefined;
      const since = begun?.since ?? new Date().toISOString();
      const request = await makeRequest(entry, this.#options.sources);
      await ledger.set(name, { stamp, content, build: null, since });
      const build =
        (begun && (await this.#submittedSince(request, since))) ??
        (await this.#submit(request, known?.build));
      await ledger.set(name, { stamp, content, build: build.id, since });
      logger.info('Build of the inbox', { name, buildId: build.id });
      this.#news.add(build.id);
      this.#wake();
    } catch (error) {
      this.#closing.signal.throwIfAborted();
      if (error instanceof NexusError && error.code === 'stopping') throw error;
      logger.warn('Not built from the inbox', { name, why: messageOf(error).split('\n')[0] });
      await ledger.set(name, { stamp, content: '', build: null, since: new Date().toISOString() });
      await this.#report(name, describeRefusal(name, reportError(error)));
    }
  }

  /** A build of the state before is of no use any more. */
  async #submit(request: BuildRequest, before: string | null | undefined): Promise<Build> {
    const { builds, store } = this.#options;
    if (before && store.current(before)) await builds.cancel(before);
    return builds.submit(request);
  }

  /** The build that a crash has kept us from noting down. */
  async #submittedSince(request: BuildRequest, since: string): Promise<Build | undefined> {
    const { store } = this.#options;
    const { builds } = await store.page({ limit: 50, name: request.name });
    return builds.find((build) => build.createdAt >= since && build.request.source === request.source);
  }

  async #writeReports(): Promise<void> {
    const { store, ledger } = this.#options;
    for (const id of this.#news) {
      this.#news.delete(id);
      const build = await store.get(id).catch(() => undefined);
      // Progress is no news.
      if (!build || this.#reported.get(id) === build.state) continue;
      if (isFinished(build)) this.#reported.delete(id);
      else this.#reported.set(id, build.state);
      for (const name of ledger.namesOf(id)) {
        await this.#report(name, describeBuild(name, build));
        if (isFinished(build)) await this.#link(name, build);
      }
    }
  }

  /** A report that cannot be written changes nothing about the build. */
  async #report(name: string, text: string): Promise<void> {
    const { folder, logger } = this.#options;
    const file = join(folder, `${name}.report.md`);
    try {
      await writeFileAtomically(file, text, 0o644);
      await giveToOwnerOf(folder, [file]);
    } catch (error) {
      logger.warn('A report of the inbox cannot be written', { file, why: messageOf(error) });
    }
  }

  /** `NAME.result` leads to the artifacts; a file of the user of that name stays. */
  async #link(name: string, build: Build): Promise<void> {
    const { artifacts, folder } = this.#options;
    if (artifacts === undefined || build.artifacts.length === 0 || build.state !== 'succeeded') return;
    const link = join(folder, `${name}.result`);
    if (await isLink(link)) await unlink(link);
    await symlink(join(artifacts, artifactsFolder(build)), link).catch((error) => {
      if (systemCodeOf(error) !== 'EEXIST') throw error;
    });
  }
}

/** What cannot be looked at is refused once, and looked at again when that changes. */
function stampOfError(error: unknown): string {
  return `${reportError(error).code} ${messageOf(error)}`;
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

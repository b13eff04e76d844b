import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BootVerdict, checkBoot } from '../boot/check-boot.ts';
import type { BootPlace } from '../boot/machine.ts';
import { messageOf, NexusError, systemCodeOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { DataPaths } from '../paths.ts';
import { writeFileAtomically } from '../write-file-atomically.ts';
import type { BootCheckOptions } from './boot-check-request.ts';
import { bootOrder } from './boot-order.ts';
import { type BootCheck, bootCheckSchema } from './boot-records.ts';
import type { Build } from './build.ts';
import type { BuildStore } from './store.ts';

export interface BootChecksOptions {
  store: BuildStore;
  paths: DataPaths;
  /** Folder with one folder a build. */
  artifacts: string;
  /** Where images can be booted, the preferred place first. */
  places: readonly BootPlace[];
  logger: Logger;
}

/** One that could not be tried took no time. */
type Result = Omit<BootVerdict, 'seconds'> & { seconds: number | null };

/** How long a boot may take where nothing else is said: NixOS needs two to four minutes under emulation. */
const limitMs = 10 * 60_000;

/**
 * Boots throw-away copies of what was built and keeps what came of it, one at a time.
 *
 * INVARIANT: a check that was asked for is done once, also when the orchestrator is killed in between: what counts is
 * whether its verdict is on disk.
 */
export class BootChecks implements AsyncDisposable {
  readonly #options: BootChecksOptions;
  readonly #checks = new Map<string, BootCheck>();
  readonly #abort = new AbortController();
  #last: Promise<void> = Promise.resolve();
  #unsubscribe = () => {};

  constructor(options: BootChecksOptions) {
    this.#options = options;
  }

  /** Takes up what was asked for and not done, and from then on every build that asks for it. */
  async start(): Promise<void> {
    const { store } = this.#options;
    this.#unsubscribe = store.onChange((build) => {
      if (isWanted(build) && !this.#checks.has(build.id)) this.#add(build, bootCheckOf(build));
    });
    // Whoever was killed was so a moment ago, and what it had built is among the newest.
    const { builds } = await store.page({ limit: 100 });
    for (const build of builds.filter(isWanted)) {
      if (!this.#checks.has(build.id) && !(await this.get(build.id))) this.#add(build, bootCheckOf(build));
    }
  }

  /** The check of a build, if there was one. */
  async get(id: string): Promise<BootCheck | undefined> {
    const known = this.#checks.get(id);
    if (known) return known;
    try {
      return bootCheckSchema.parse(JSON.parse(await readFile(this.#files(id).record, 'utf8')));
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /**
   * Checks a build, again if it has been.
   * @throws {NexusError} `not-finished`, `boot-unavailable` for what no machine boots.
   */
  async request(build: Build, options: BootCheckOptions): Promise<BootCheck> {
    const running = this.#checks.get(build.id);
    if (running) return running;
    if (build.state !== 'succeeded') {
      throw new NexusError(
        'not-finished',
        `Build ${build.id} is ${build.state}, so there is nothing to boot`,
      );
    }
    await bootOrder(build, this.#options.artifacts, {});
    return this.#add(build, options);
  }

  /** The file with the screenshot of a check, or with what the image has printed. */
  file(id: string, what: 'screenshot' | 'serial'): string {
    return this.#files(id)[what];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe();
    this.#abort.abort(new NexusError('stopping', 'The orchestrator is stopping'));
    await this.#last;
  }

  #files(id: string) {
    const folder = join(this.#options.paths.build(id).root, 'boot');
    return {
      folder,
      record: join(folder, 'check.json'),
      screenshot: join(folder, 'screen.png'),
      serial: join(folder, 'serial.log'),
    };
  }

  #add(build: Build, options: BootCheckOptions): BootCheck {
    const check: BootCheck = {
      build: build.id,
      state: 'waiting',
      verdict: null,
      why: null,
      seconds: null,
      screenshot: false,
    };
    this.#checks.set(build.id, check);
    this.#last = this.#last.then(() => this.#run(build, check, options));
    return check;
  }

  async #run(build: Build, check: BootCheck, options: BootCheckOptions): Promise<void> {
    const { logger } = this.#options;
    const signal = this.#abort.signal;
    try {
      signal.throwIfAborted();
      this.#checks.set(build.id, { ...check, state: 'booting' });
      await this.#keep(check, await this.#boot(build, options));
    } catch (error) {
      // Not done, so the next orchestrator does it.
      if (!signal.aborted)
        logger.error('A boot check is not recorded', { buildId: build.id, why: messageOf(error) });
    } finally {
      this.#checks.delete(build.id);
    }
  }

  async #boot(build: Build, { pattern, limit }: BootCheckOptions): Promise<Result> {
    const { artifacts, places, logger } = this.#options;
    const signal = this.#abort.signal;
    try {
      const order = await bootOrder(build, artifacts, {});
      const place = await choosePlace(places, order);
      logger.info('Boot check', { buildId: build.id, image: order.image, firmware: order.firmware });
      const verdict = await checkBoot({
        place,
        order,
        pattern: pattern === undefined ? undefined : new RegExp(pattern, 'm'),
        limitMs: limit === undefined ? limitMs : limit * 1000,
        signal,
      });
      logger.info('Boot checked', { buildId: build.id, verdict: verdict.verdict, why: verdict.why });
      return verdict;
    } catch (error) {
      signal.throwIfAborted();
      // That it could not be tried says nothing of the image.
      return { verdict: 'unclear', why: messageOf(error), seconds: null, serial: '', screenshot: undefined };
    }
  }

  async #keep(check: BootCheck, result: Result): Promise<void> {
    const files = this.#files(check.build);
    const { verdict, why, seconds, serial, screenshot } = result;
    await mkdir(files.folder, { recursive: true, mode: 0o700 });
    await writeFileAtomically(files.serial, serial);
    if (screenshot) await writeFileAtomically(files.screenshot, screenshot);
    const done = {
      ...check,
      state: 'done' as const,
      verdict,
      why,
      seconds,
      screenshot: screenshot !== undefined,
    };
    await writeFileAtomically(files.record, `${JSON.stringify(done, null, 2)}\n`);
  }
}

/** @throws {NexusError} why none of them can boot it. */
export async function choosePlace(
  places: readonly BootPlace[],
  order: Parameters<BootPlace['check']>[0],
): Promise<BootPlace> {
  const reasons: string[] = [];
  for (const place of places) {
    try {
      await place.check(order);
      return place;
    } catch (error) {
      reasons.push(messageOf(error));
    }
  }
  throw new NexusError('boot-unavailable', `The image cannot be booted here: ${reasons.join('; ')}`, {
    hint: 'Start Docker, or install QEMU with its UEFI firmware.',
  });
}

const isWanted = (build: Build) =>
  build.state === 'succeeded' && 'bootCheck' in build.request && build.request.bootCheck !== undefined;

const bootCheckOf = ({ request }: Build): BootCheckOptions =>
  ('bootCheck' in request && request.bootCheck) || {};

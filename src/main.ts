import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import type { BootPlace } from './boot/machine.ts';
import { plainQemu } from './boot/plain-qemu.ts';
import { BuilderLife } from './builders/builder-life.ts';
import { type BuilderChoice, chooseBuilder } from './builders/choose-builder.ts';
import { bootContainers } from './builders/docker-vm/boot-container.ts';
import { namedBootMedium } from './builders/docker-vm/boot-medium.ts';
import { dockerVm } from './builders/docker-vm/docker-vm.ts';
import { Engine } from './builders/docker-vm/engine.ts';
import { installationId, sweepContainers } from './builders/docker-vm/installation.ts';
import { madeBootMedium } from './builders/docker-vm/make-boot-medium.ts';
import { checkPrograms } from './builders/this-machine/nix.ts';
import { thisMachine } from './builders/this-machine/this-machine.ts';
import { BootChecks } from './builds/boot-checks.ts';
import { Builds } from './builds/builds.ts';
import { LiveBoots } from './builds/live-boots.ts';
import { Sources } from './builds/sources.ts';
import { BuildStore } from './builds/store.ts';
import { CleanUp } from './clean-up.ts';
import type { Config, StopMode } from './config.ts';
import { makeDataFolder } from './data-folder.ts';
import { lockData } from './data-lock.ts';
import { messageOf, NexusError } from './errors.ts';
import { makeServer } from './http/server.ts';
import { Inbox } from './inbox/inbox.ts';
import { Ledger } from './inbox/ledger.ts';
import type { Logger } from './log.ts';
import { Metrics } from './metrics/metrics.ts';
import { Notifier } from './notifications/notifier.ts';
import { type DataPaths, dataPaths, vmSource, watcherProgram } from './paths.ts';
import { Durations } from './progress/durations.ts';
import { ProgressBoard } from './progress/progress-board.ts';
import { collectAtIntervals } from './retention/at-intervals.ts';
import { Garbage } from './retention/gc.ts';
import { finishRemovals } from './retention/remove-build.ts';
import { loadOrMakeToken } from './token.ts';
import { loadOrMakeKeys } from './transport/ssh-keys.ts';
import { packageVersion } from './version.ts';
import { sweepTemporaries, writeFileAtomically } from './write-file-atomically.ts';

/** A running orchestrator; disposing of it stops it as the settings say. */
export interface Orchestrator extends AsyncDisposable {
  url: string;
  token: string;
  /** Builds that wait or run. */
  unfinished(): number;
  /** Resolves when a client has asked for the end. */
  asked: Promise<StopMode>;
  /**
   * Takes no more builds, and then: `leave` lets those that run go on without us, and stops the builder only when
   * there are none; `finish` waits for those that run, `cancel` ends all, and both stop the builder.
   */
  stop(mode: StopMode): Promise<void>;
}

/** Wires the parts together; the one place that knows them all. `builders` are those it may choose from. */
export async function startOrchestrator(
  config: Config,
  logger: Logger,
  builders = builderChoices,
): Promise<Orchestrator> {
  await using cleanUp = new CleanUp();
  const paths = dataPaths(config.data);
  await makeDataFolder(paths.root);
  await mkdir(config.artifacts, { recursive: true });
  cleanUp.use(await lockData(paths.lock));

  const token = config.token ?? (await loadOrMakeToken(paths.token));
  const store = await BuildStore.open(paths, logger);
  const durations = await Durations.open(paths.durations, logger);
  const board = new ProgressBoard({ logOf: (id) => paths.build(id).log, durations, logger });
  cleanUp.defer(store.onChange((build) => board.update(build)));
  cleanUp.defer(() => board.close());
  for (const build of store.unfinished()) board.update(build);
  const sources = new Sources(paths.sources);
  const choices = builders(config, paths, logger);
  const life = new BuilderLife((signal) => chooseBuilder(config.builder, choices, signal), logger);
  const builds = new Builds({ config, paths, store, sources, life, logger });
  let mode = config.stop;
  cleanUp.defer(() => stopBuilds(mode, builds, life));
  await finishRemovals({ paths, artifacts: config.artifacts, logger });
  const version = packageVersion();
  const metrics = new Metrics(store, life, version);
  cleanUp.defer(() => metrics[Symbol.dispose]());
  const garbage = new Garbage({ config, paths, store, life, logger });
  builds.resume();
  // Only now that the folders are ours: what another one writes there is not left over.
  for (const folder of [paths.root, paths.sources, paths.thisMachine]) await sweepTemporaries(folder);
  const vmRuns = await sweepLeftovers(config, paths, logger);

  const places = bootPlaces(config, paths);
  const bootChecks = cleanUp.use(
    new BootChecks({ store, paths, artifacts: config.artifacts, places, logger }),
  );
  const liveBoots = cleanUp.use(new LiveBoots({ artifacts: config.artifacts, places, logger }));
  await bootChecks.start();

  let stopAsked: (mode: StopMode) => void = () => {};
  const asked = new Promise<StopMode>((resolve) => {
    stopAsked = resolve;
  });
  const closing = new AbortController();
  const { artifacts } = config;
  const server = await makeServer({
    ...{ builds, store, board, sources, life, garbage, metrics, bootChecks, liveBoots },
    ...{ paths, artifacts, version, token, logger },
    metricsToken: config.metricsToken,
    closing: closing.signal,
    ...{ stop: stopAsked, stopMode: config.stop },
  });
  cleanUp.defer(() => server.close());
  cleanUp.defer(() => closing.abort());
  const url = await listen(server, config);
  await writeFileAtomically(paths.server, JSON.stringify({ url, pid: process.pid }));
  cleanUp.defer(() => rm(paths.server, { force: true }));
  builds.begin();
  if (config.webhook) cleanUp.use(await Notifier.start({ target: config.webhook, store, paths, logger }));
  const inbox = await openInbox(config, { builds, store, sources, paths, logger });
  if (inbox) cleanUp.use(inbox);
  if (config.gcIntervalMs !== null)
    void collectAtIntervals(garbage, config.gcIntervalMs, closing.signal, logger);
  logger.info('Orchestrator ready', { url, data: config.data, artifacts: config.artifacts });

  // A VM that was left running is taken over, so that it is seen, and stopped when we are.
  if (config.builderStart === 'at-once' || vmRuns) {
    life.start().catch((error) => logger.warn('Builder did not start', { why: messageOf(error) }));
  }
  const owned = cleanUp.move();
  const stop = async (wanted: StopMode) => {
    mode = wanted;
    // One can still see what they do, and end them.
    if (mode === 'finish') await builds.finish();
    await owned[Symbol.asyncDispose]();
  };
  return {
    url,
    token,
    unfinished: () => builds.unfinished,
    asked,
    stop,
    [Symbol.asyncDispose]: () => stop(config.stop),
  };
}

interface InboxParts {
  builds: Builds;
  store: BuildStore;
  sources: Sources;
  paths: DataPaths;
  logger: Logger;
}

/** A folder that was named is made; the default one has to be there. */
async function openInbox(
  config: Config,
  { paths, logger, ...parts }: InboxParts,
): Promise<Inbox | undefined> {
  const { inbox: folder, inboxNamed, inboxSettleMs: settleMs, artifacts, artifactsShownAs } = config;
  if (folder === undefined) return undefined;
  if (inboxNamed) await mkdir(folder, { recursive: true });
  else if (!existsSync(folder)) return undefined;
  const ledger = await Ledger.open(paths.inbox, logger);
  const linked = artifacts === artifactsShownAs ? artifacts : undefined;
  logger.info('Inbox open', { folder });
  return new Inbox({ ...parts, logger, ledger, folder, settleMs, artifacts: linked });
}

async function stopBuilds(mode: StopMode, builds: Builds, life: BuilderLife): Promise<void> {
  builds.close();
  if (mode === 'cancel') await builds.cancelAll();
  const left = builds.unfinished > 0 && mode === 'leave';
  await builds.leave();
  if (left) await life.leave();
  else await life.stop();
}

/** In the order in which `auto` tries them. */
function builderChoices(config: Config, paths: DataPaths, logger: Logger): BuilderChoice[] {
  return [
    {
      kind: 'docker-vm',
      check: () => new Engine().ping(),
      make: async () => {
        const { vm } = config;
        const [engine, keys] = [new Engine(), await loadOrMakeKeys(paths)];
        const owner = installationId(keys);
        const provideBootMedium = vm.boot
          ? namedBootMedium(vm.boot)
          : madeBootMedium({ vm, engine, owner, source: vmSource, paths, logger });
        return dockerVm({ vm, engine, keys, paths, provideBootMedium, source: vmSource, logger });
      },
    },
    {
      kind: 'this-machine',
      check: checkPrograms,
      make: async () => thisMachine({ root: paths.thisMachine, watcher: watcherProgram, logger }),
    },
  ];
}

/** In the order of preference: what is installed here starts at once and needs no copy of the image. */
function bootPlaces({ vm }: Config, paths: DataPaths): BootPlace[] {
  const owner = async () => installationId(await loadOrMakeKeys(paths));
  return [plainQemu, bootContainers({ engine: new Engine(), image: vm.image, owner })];
}

/** @returns whether a VM that an earlier orchestrator has left still runs; whatever else it has left is removed. */
async function sweepLeftovers(config: Config, paths: DataPaths, logger: Logger): Promise<boolean> {
  if (config.builder === 'this-machine') return false;
  try {
    const { removed, vm } = await sweepContainers(new Engine(), await loadOrMakeKeys(paths));
    if (removed > 0) logger.warn('Removed containers that an earlier orchestrator had left', { removed });
    return vm !== undefined;
  } catch (error) {
    // No Engine, no containers: whether that matters shows when a builder is needed.
    logger.debug('Could not look for left containers', { why: messageOf(error) });
    return false;
  }
}

async function listen(
  server: Awaited<ReturnType<typeof makeServer>>,
  { host, port }: Config,
): Promise<string> {
  try {
    return await server.listen({ host, port });
  } catch (error) {
    throw new NexusError('config-invalid', `The API cannot listen on ${host}:${port}: ${messageOf(error)}`, {
      hint: 'Choose another port with NEXUS_PORT, or 0 for a free one.',
      cause: error,
    });
  }
}

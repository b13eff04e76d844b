import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
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
import type { Config } from './config.ts';
import { lockData } from './data-lock.ts';
import { messageOf, NexusError } from './errors.ts';
import { makeServer } from './http/server.ts';
import type { Logger } from './log.ts';
import { type DataPaths, dataPaths, packageRoot, vmSource, watcherProgram } from './paths.ts';
import { loadOrMakeToken } from './token.ts';
import { loadOrMakeKeys } from './transport/ssh-keys.ts';
import { writeFileAtomically } from './write-file-atomically.ts';

/** A running orchestrator; disposing of it ends its builds, stops the builder and closes the API. */
export interface Orchestrator extends AsyncDisposable {
  url: string;
  token: string;
  /** Builds that wait or run. */
  unfinished(): number;
}

/** Wires the parts together; the one place that knows them all. */
export async function startOrchestrator(config: Config, logger: Logger): Promise<Orchestrator> {
  await using cleanUp = new CleanUp();
  const paths = dataPaths(config.data);
  await mkdir(paths.root, { recursive: true, mode: 0o700 });
  await mkdir(config.artifacts, { recursive: true });
  cleanUp.use(await lockData(paths.lock));

  const token = config.token ?? (await loadOrMakeToken(paths.token));
  const store = await BuildStore.open(paths, logger);
  const sources = new Sources(paths.sources);
  const choices = builderChoices(config, paths, logger);
  const life = new BuilderLife((signal) => chooseBuilder(config.builder, choices, signal), logger);
  cleanUp.defer(() => life.stop());
  const builds = new Builds({ config, paths, store, sources, life, logger });
  await builds.closeLeftovers();
  await sweepLeftovers(config, paths, logger);
  cleanUp.defer(() => builds.stop());

  const places = bootPlaces(config, paths);
  const bootChecks = cleanUp.use(
    new BootChecks({ store, paths, artifacts: config.artifacts, places, logger }),
  );
  const liveBoots = cleanUp.use(new LiveBoots({ artifacts: config.artifacts, places, logger }));
  await bootChecks.start();

  const closing = new AbortController();
  const { artifacts } = config;
  const version = await packageVersion();
  const server = await makeServer({
    ...{ builds, store, sources, life, bootChecks, liveBoots, paths, artifacts, version, token, logger },
    closing: closing.signal,
  });
  cleanUp.defer(() => server.close());
  cleanUp.defer(() => closing.abort());
  const url = await listen(server, config);
  await writeFileAtomically(paths.server, JSON.stringify({ url, pid: process.pid }));
  cleanUp.defer(() => rm(paths.server, { force: true }));
  logger.info('Orchestrator ready', { url, data: config.data, artifacts: config.artifacts });

  if (config.builderStart === 'at-once') {
    life.start().catch((error) => logger.warn('Builder did not start', { why: messageOf(error) }));
  }
  const owned = cleanUp.move();
  return {
    url,
    token,
    unfinished: () => builds.unfinished,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
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

/** An orchestrator that was killed could not remove its VM. */
async function sweepLeftovers(config: Config, paths: DataPaths, logger: Logger): Promise<void> {
  if (config.builder === 'this-machine') return;
  try {
    const removed = await sweepContainers(new Engine(), await loadOrMakeKeys(paths));
    if (removed > 0) logger.warn('Removed containers that an earlier orchestrator had left', { removed });
  } catch (error) {
    // No Engine, no containers: whether that matters shows when a builder is needed.
    logger.debug('Could not look for left containers', { why: messageOf(error) });
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

async function packageVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8'));
  return version;
}

/**
 * An orchestrator whose builder is reached over SSH: as `nexus serve`, but the machine is there already. It is wiring
 * of the real parts alone; NEXUS_TEST_BUILDER says where the builder is.
 */
import { readFile } from 'node:fs/promises';
import pRetry from 'p-retry';
import { Pipe } from '../../src/bridge/pipe.ts';
import type { Builder, StartedBuilder, StartOptions } from '../../src/builders/builder.ts';
import { CleanUp } from '../../src/clean-up.ts';
import { readConfig } from '../../src/config.ts';
import { type Logger, makeLogger } from '../../src/log.ts';
import { startOrchestrator } from '../../src/main.ts';
import type { SshAddress } from '../../src/transport/ssh-connection.ts';
import { SshTransport } from '../../src/transport/ssh-transport.ts';

export interface BuilderSettings {
  address: SshAddress;
  /** Folder of its pipe. */
  root: string;
  keepaliveMs: number;
}

function sshBuilder(settings: BuilderSettings, logger: Logger): Builder {
  return {
    kind: 'this-machine',
    prepare: async () => {},
    start: ({ signal }) => start(settings, signal, logger),
  };
}

async function start(
  { address, root, keepaliveMs }: BuilderSettings,
  signal: StartOptions['signal'],
  logger: Logger,
): Promise<StartedBuilder> {
  await using cleanUp = new CleanUp();
  const connect = () => SshTransport.connect(address, { signal, keepaliveMs });
  const transport = cleanUp.use(await pRetry(connect, { retries: 100, maxTimeout: 1000, signal }));
  const pipe = cleanUp.use(new Pipe({ transport, root, logger }));
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const hello = await pipe.hello(boot, signal);
  const owned = cleanUp.move();
  const letGo = () => owned[Symbol.asyncDispose]();
  return {
    ...{ kind: 'this-machine', transport, pipe, hello, lost: pipe.lost, consoleTail: async () => '' },
    detach: letGo,
    [Symbol.asyncDispose]: letGo,
  };
}

const settings: BuilderSettings = JSON.parse(process.env.NEXUS_TEST_BUILDER ?? '');
const config = readConfig();
const logger = makeLogger(config.logLevel);
const stopped = new Promise<void>((resolve) => process.once('SIGTERM', () => resolve()));
const choice = {
  kind: 'this-machine',
  check: async () => {},
  make: async () => sshBuilder(settings, logger),
} as const;
const orchestrator = await startOrchestrator(config, logger, () => [choice]);
await stopped;
await orchestrator[Symbol.asyncDispose]();

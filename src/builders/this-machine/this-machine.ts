import { mkdir, readFile } from 'node:fs/promises';
import { type Hello, Pipe } from '../../bridge/pipe.ts';
import { CleanUp } from '../../clean-up.ts';
import type { Logger } from '../../log.ts';
import { localTransport } from '../../transport/local-transport.ts';
import { anySignal } from '../../transport/signals.ts';
import type { Builder, StartedBuilder, StartOptions } from '../builder.ts';
import { becomeReady } from '../readiness.ts';
import { checkPrograms } from './nix.ts';
import { startWatcher, type WatcherProcess } from './watcher-process.ts';

export interface ThisMachineOptions {
  /** Folder of the pipe. */
  root: string;
  /** The watcher's program. */
  watcher: string;
  logger: Logger;
}

interface Parts {
  pipe: Pipe;
  watcher: WatcherProcess;
  hello: Hello;
}

/** No VM and no Docker: the same watcher, as a child process, on a Linux machine that has Nix. */
export function thisMachine(options: ThisMachineOptions): Builder {
  return {
    kind: 'this-machine',
    prepare: checkPrograms,
    start: (startOptions) => start(options, startOptions),
  };
}

async function start(options: ThisMachineOptions, startOptions: StartOptions): Promise<StartedBuilder> {
  await using cleanUp = new CleanUp();
  const transport = localTransport();
  let parts: Parts | undefined;
  await becomeReady(
    [
      {
        description: 'Nix and the programs of the watcher are here',
        hint: 'Install Nix, inotify-tools and jq.',
        limitMs: 20_000,
        run: checkPrograms,
      },
      {
        description: 'the watcher says hello',
        hint: `Run NEXUS_MODE=plain ${options.watcher} by hand to see what stops it.`,
        limitMs: 30_000,
        async run(signal) {
          await mkdir(options.root, { recursive: true, mode: 0o700 });
          const watcher = cleanUp.use(await startWatcher(options.watcher, options.root));
          const pipe = cleanUp.use(new Pipe({ transport, root: options.root, logger: options.logger }));
          parts = { pipe, watcher, hello: await pipe.hello(await bootId(), anySignal(signal, watcher.lost)) };
        },
      },
    ],
    startOptions,
  );
  if (!parts) throw new Error('unreachable: every step was taken');
  const { pipe, watcher, hello } = parts;
  const owned = cleanUp.move();
  return {
    kind: 'this-machine',
    transport,
    pipe,
    hello,
    lost: anySignal(watcher.lost, pipe.lost),
    consoleTail: async () => watcher.tail(),
    // Builds go on without a watcher, and the next one finds them.
    detach: () => owned[Symbol.asyncDispose](),
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

import { setInterval } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { type Config, readConfig, type StopMode } from '../config.ts';
import type { Orchestrator } from '../main.ts';
import { dataPaths } from '../paths.ts';
import { loadOrMakeToken } from '../token.ts';
import { builderOption } from './build.ts';

interface ServeFlags {
  builder?: Config['builder'];
  port?: number;
  idleExit?: number;
}

export function serveCommand(program: Command): void {
  program
    .command('serve')
    .summary('run the orchestrator')
    .description(
      'Run the orchestrator in the foreground, until SIGTERM or Ctrl-C. NEXUS_STOP says what becomes of builds then; a second signal ends it at once, and leaves them running.',
    )
    .addOption(builderOption())
    .option('--port <number>', 'port of the API (default: NEXUS_PORT); 0 takes a free one', wholeNumber)
    .option('--idle-exit <seconds>', 'end after this long without work', wholeNumber)
    .addHelpText(
      'after',
      `
Examples:
  nexus serve --builder this-machine
  NEXUS_VM_MEMORY=8G nexus serve --port 0

The other commands start one in the background when none runs. The README lists all settings.`,
    )
    .action(async ({ builder, port, idleExit }: ServeFlags) => {
      const config = { ...readConfig(), ...(builder && { builder }), ...(port !== undefined && { port }) };
      const stop = stopSignal();
      // The other commands need none of it, and start twice as fast without.
      const [{ makeLogger }, { startOrchestrator }] = await Promise.all([
        import('../log.ts'),
        import('../main.ts'),
      ]);
      const logger = makeLogger(config.logLevel);
      const orchestrator = await startOrchestrator(config, logger);
      const mode = (await stopRequested(orchestrator, stop, idleExit)) ?? config.stop;
      const unfinished = orchestrator.unfinished();
      logger.info('Orchestrator stopping', { builds: mode, unfinished });
      await orchestrator.stop(mode);
      logger.info('Orchestrator stopped');
    });
}

export function tokenCommand(program: Command): void {
  program
    .command('token')
    .description('Print the token of the API, making it on first use.')
    .addHelpText(
      'after',
      `
Example:
  curl -H "authorization: Bearer $(nexus token)" http://127.0.0.1:7788/api/v1/builds`,
    )
    .action(async () => {
      const config = readConfig();
      process.stdout.write(`${config.token ?? (await loadOrMakeToken(dataPaths(config.data).token))}\n`);
    });
}

/** Aborts at the first SIGTERM or SIGINT; the second one finds no listener and ends the process. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  const onSignal = () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.removeListener(signal, onSignal);
    stop.abort();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, onSignal);
  return stop.signal;
}

/** Waits for a signal, a request, or so many seconds without work. @returns what the request says of the builds. */
async function stopRequested(
  orchestrator: Orchestrator,
  stop: AbortSignal,
  idleSeconds = Number.POSITIVE_INFINITY,
): Promise<StopMode | undefined> {
  let asked: StopMode | undefined;
  const either = new AbortController();
  stop.addEventListener('abort', () => either.abort(), { once: true });
  void orchestrator.asked.then((mode) => {
    asked = mode;
    either.abort();
  });
  if (stop.aborted) return undefined;
  let idle = 0;
  try {
    for await (const _ of setInterval(1000, undefined, { signal: either.signal })) {
      idle = orchestrator.unfinished() > 0 ? 0 : idle + 1;
      if (idle >= idleSeconds) return undefined;
    }
  } catch (error) {
    if (!either.signal.aborted) throw error;
  }
  return asked;
}

function wholeNumber(text: string): number {
  if (!/^[0-9]+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { type Config, readConfig, type StopMode, stopModes } from '../config.ts';
import { isLocked } from '../data-lock.ts';
import { NexusError, systemCodeOf } from '../errors.ts';
import { dataPaths } from '../paths.ts';
import { findRunning, readServer } from './connect.ts';

/** Cancelling builds and powering a VM down take a while. */
const stopMs = 180_000;

export function stopCommand(program: Command): void {
  program
    .command('stop')
    .description(
      'Stop the orchestrator of this data folder, and the builder when no build is left running on it.',
    )
    .addOption(
      new Option(
        '--builds <what>',
        'leave them running, to be taken up by the next orchestrator; let those that run finish; or cancel all (default: NEXUS_STOP of the orchestrator)',
      ).choices(stopModes),
    )
    .addHelpText(
      'after',
      `
Examples:
  nexus stop                   builds that run go on; the next orchestrator takes them up
  nexus stop --builds finish

An orchestrator that a command has started ends by itself after 15 idle minutes. With Compose: docker compose down.`,
    )
    .action(async ({ builds }: { builds?: StopMode }) => {
      const config = readConfig();
      if (config.url) {
        throw new NexusError('usage', `The orchestrator at ${config.url} was not started by this command`, {
          hint: 'With Compose: docker compose down',
        });
      }
      const paths = dataPaths(config.data);
      const server = await readServer(paths.server);
      if (!server) return void process.stderr.write('No orchestrator runs here.\n');
      process.stderr.write(`Stopping the orchestrator (process ${server.pid})…\n`);
      const mode = await ask(config, builds, server.pid);
      if (mode === 'finish') process.stderr.write('It ends when the builds that run have ended.\n');
      const until = mode === 'finish' ? Number.POSITIVE_INFINITY : Date.now() + stopMs;
      // The lock is the last it gives back; its process may stay listed as long as nobody asks how it ended.
      while (runs(server.pid) && (await isLocked(paths.lock))) {
        if (Date.now() > until) throw tooLate(server.pid);
        await sleep(100);
      }
    });
}

/** @returns what becomes of its builds; nothing when it did not say so, since it answers no requests any more. */
async function ask(config: Config, builds: StopMode | undefined, pid: number): Promise<StopMode | undefined> {
  const client = await findRunning(config, dataPaths(config.data));
  if (client) return client.stop(builds);
  process.kill(pid, 'SIGTERM');
  return undefined;
}

function tooLate(pid: number): NexusError {
  return new NexusError('server-unreachable', `The orchestrator did not stop within ${stopMs / 1000} s`, {
    hint: `See its log; a second SIGTERM to process ${pid} ends it at once.`,
  });
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if (systemCodeOf(error) === 'ESRCH') return false;
    throw error;
  }
}

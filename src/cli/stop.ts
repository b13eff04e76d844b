import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { NexusError, systemCodeOf } from '../errors.ts';
import { dataPaths } from '../paths.ts';
import { readServer } from './connect.ts';

/** Cancelling builds and powering a VM down take a while. */
const stopMs = 180_000;

export function stopCommand(program: Command): void {
  program
    .command('stop')
    .description(
      'Stop the orchestrator of this data folder: what runs is cancelled, the builder powered down.',
    )
    .addHelpText(
      'after',
      `
Example:
  nexus stop

An orchestrator that a command has started ends by itself after 15 idle minutes. With Compose: docker compose down.`,
    )
    .action(async () => {
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
      process.kill(server.pid, 'SIGTERM');
      // The lock is the last it gives back; its process may stay listed as long as nobody asks how it ended.
      for (const until = Date.now() + stopMs; runs(server.pid) && existsSync(paths.lock); await sleep(100)) {
        if (Date.now() < until) continue;
        throw new NexusError(
          'server-unreachable',
          `The orchestrator did not stop within ${stopMs / 1000} s`,
          {
            hint: `See its log; a second SIGTERM to process ${server.pid} ends it at once.`,
          },
        );
      }
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

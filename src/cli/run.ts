import { readFile } from 'node:fs/promises';
import { basename, extname, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Config } from '../config.ts';
import { messageOf, NexusError } from '../errors.ts';
import type { ApiClient } from './api-client.ts';
import { builderOption, priorityOption } from './build.ts';
import { checkBuilder } from './check-builder.ts';
import { makeContext } from './context.ts';
import { addLimitOptions, type LimitFlags, limitsOf } from './limit-options.ts';
import { packSource } from './pack-source.ts';
import { provideSource } from './provide-source.ts';
import { safeName } from './resolve-source.ts';
import { submitAndFollow } from './submit.ts';

interface RunFlags extends LimitFlags {
  source?: string;
  name?: string;
  builder?: Config['builder'];
  priority?: number;
  detach?: true;
  json?: true;
}

export function runCommand(program: Command): void {
  const command = program
    .command('run')
    .summary('run Bash of your own on the builder')
    .description(
      'Run a Bash script on the builder, show its output, and fetch the files it names with nexus-artifact.',
    )
    .argument('<script>', 'a file with Bash')
    .option('--source <folder>', 'a folder to send along; the script finds it as ./source')
    .option('--name <name>', 'name of the result folder (default: made of the file name)')
    .addOption(builderOption())
    .addOption(priorityOption());
  addLimitOptions(command)
    .option('-d, --detach', 'submit and print the id, do not wait')
    .option('--json', 'print the finished build as JSON')
    .addHelpText(
      'after',
      `
In the script:
  nexus-phase NAME             says what it does now
  nexus-artifact FILE [NAME]   has a file fetched

Example:
  echo 'nix --version > v; nexus-artifact "$PWD/v" version.txt' > version.sh && nexus run version.sh`,
    )
    .action(async (path: string, flags: RunFlags) => {
      const context = makeContext(flags.builder && { builder: flags.builder });
      const script = await readScript(path);
      const client = await context.client();
      await checkBuilder(client, flags.builder);
      const source = flags.source && (await uploadFolder(client, flags.source));
      const name = flags.name ?? safeName(basename(path, extname(path)));
      const request = {
        ...{ kind: 'script' as const, name, script, ...limitsOf(flags) },
        ...(source && { source }),
        ...(flags.priority !== undefined && { priority: flags.priority }),
      };
      process.exitCode = await submitAndFollow(client, request, context, { ...flags, verbose: true });
    });
}

async function uploadFolder(client: ApiClient, folder: string): Promise<string> {
  return provideSource(client, await packSource({ folder: resolve(folder) }));
}

async function readScript(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new NexusError('source-missing', `${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

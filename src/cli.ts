#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { buildCommand } from './cli/build.ts';
import { builderCommand } from './cli/builder.ts';
import { buildsCommands } from './cli/builds.ts';
import { exitStatus } from './cli/exit-status.ts';
import { fetchCommand } from './cli/fetch.ts';
import { keepCommands } from './cli/keep.ts';
import { runCommand } from './cli/run.ts';
import { serveCommand, tokenCommand } from './cli/serve.ts';
import { stopCommand } from './cli/stop.ts';
import { variantsCommand } from './cli/variants.ts';
import { messageOf, NexusError, systemCodeOf } from './errors.ts';
import { packageRoot } from './paths.ts';

const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'));

const program = new Command('nexus')
  .description('Build bootable NixOS images on machines that do not run NixOS.')
  .version(version)
  .showHelpAfterError('Try --help.')
  .exitOverride();

buildCommand(program);
runCommand(program);
buildsCommands(program);
fetchCommand(program);
keepCommands(program);
variantsCommand(program);
builderCommand(program);
serveCommand(program);
stopCommand(program);
tokenCommand(program);

// Whoever reads our output may stop early, as `head` does; then there is nobody left to talk to.
process.stdout.on('error', (error) => process.exit(systemCodeOf(error) === 'EPIPE' ? 141 : 1));

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  // Commander has already said what is wrong.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  process.stderr.write(`nexus: ${messageOf(error)}\n`);
  if (error instanceof NexusError && error.hint) process.stderr.write(`${error.hint}\n`);
  if (!(error instanceof NexusError) && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return exitStatus(error);
}

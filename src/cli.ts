#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { addCommands, wantedCommand } from './cli/commands.ts';
import { exitStatus } from './cli/exit-status.ts';
import { messageOf, NexusError, systemCodeOf } from './errors.ts';
import { packageVersion } from './version.ts';

const program = new Command('nexus')
  .description('Build bootable NixOS images on machines that do not run NixOS.')
  .version(packageVersion())
  .showHelpAfterError('Try --help.')
  .exitOverride()
  .addHelpCommand(
    new Command('help').argument('[command]').description('tell all about a command').helpGroup('Help:'),
  )
  .addHelpText(
    'after',
    `
Examples:
  nexus doctor                       is this machine fit for building?
  nexus init && nexus build          from nothing to a bootable ISO
  nexus build . --variant qemu-efi   a disk image of the configuration here
  nexus logs                         what the newest build printed

nexus COMMAND --help tells all about a command.`,
  );

// Whoever reads our output may stop early, as `head` does; then there is nobody left to talk to.
process.stdout.on('error', (error) => process.exit(systemCodeOf(error) === 'EPIPE' ? 141 : 1));

try {
  const wanted = wantedCommand(process.argv.slice(2));
  await addCommands(program, (name) => name === wanted);
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

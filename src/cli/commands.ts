import type { Command } from 'commander';

export interface CommandEntry {
  name: string;
  /** One line for the list of commands. */
  summary: string;
  group: string;
  /** Not shown in that list. */
  hidden?: true;
  /** Reads its file, which adds the command to the program. */
  load: () => Promise<(program: Command) => void>;
}

const build = 'Build:';
const look = 'Look at builds:';
const machine = 'Builder and orchestrator:';
const help = 'Help:';

/** Every command; only the file of the one that is called is read, so that each starts at once. */
export const commands: readonly CommandEntry[] = [
  {
    ...{
      name: 'build',
      group: build,
      summary: 'build images of a NixOS configuration, a flake, or a Nix file',
    },
    load: async () => (await import('./build.ts')).buildCommand,
  },
  {
    ...{ name: 'run', group: build, summary: 'run Bash of your own on the builder' },
    load: async () => (await import('./run.ts')).runCommand,
  },
  {
    ...{ name: 'init', group: build, summary: 'write a commented configuration.nix to start from' },
    load: async () => (await import('./init.ts')).initCommand,
  },
  {
    ...{ name: 'variants', group: build, summary: 'list the image formats' },
    load: async () => (await import('./variants.ts')).variantsCommand,
  },
  {
    ...{ name: 'list', group: look, summary: 'list builds, newest first' },
    load: async () => (await import('./list.ts')).listCommand,
  },
  {
    ...{ name: 'show', group: look, summary: 'show one build: its state, its artifacts, and why it failed' },
    load: async () => (await import('./builds.ts')).showCommand,
  },
  {
    ...{ name: 'watch', group: look, summary: 'follow the progress of a build until it ends' },
    load: async () => (await import('./builds.ts')).watchCommand,
  },
  {
    ...{ name: 'logs', group: look, summary: 'print the output of a build' },
    load: async () => (await import('./builds.ts')).logsCommand,
  },
  {
    ...{ name: 'fetch', group: look, summary: 'download the artifacts of a build' },
    load: async () => (await import('./fetch.ts')).fetchCommand,
  },
  {
    ...{ name: 'boot', group: look, summary: 'boot an image and talk to it' },
    load: async () => (await import('./boot.ts')).bootCommand,
  },
  {
    ...{ name: 'check-boot', group: look, summary: 'see whether an image boots' },
    load: async () => (await import('./boot.ts')).checkBootCommand,
  },
  {
    ...{ name: 'cancel', group: look, summary: 'end a build' },
    load: async () => (await import('./builds.ts')).cancelCommand,
  },
  {
    ...{ name: 'pin', group: look, summary: 'keep a build whatever else is removed' },
    load: async () => (await import('./keep.ts')).pinCommand,
  },
  {
    ...{ name: 'unpin', group: look, summary: 'let a build be removed like any other' },
    load: async () => (await import('./keep.ts')).unpinCommand,
  },
  {
    ...{ name: 'delete', group: look, summary: 'remove finished builds' },
    load: async () => (await import('./keep.ts')).deleteCommand,
  },
  {
    ...{
      name: 'doctor',
      group: machine,
      summary: 'say what of this machine is fit for building, and what to do',
    },
    load: async () => (await import('./doctor.ts')).doctorCommand,
  },
  {
    ...{ name: 'builder', group: machine, summary: 'start, stop or look at the machine that builds' },
    load: async () => (await import('./builder.ts')).builderCommand,
  },
  {
    ...{ name: 'dashboard', group: machine, summary: 'print an address that opens the web page, logged in' },
    load: async () => (await import('./dashboard.ts')).dashboardCommand,
  },
  {
    ...{ name: 'gc', group: machine, summary: 'remove what nobody needs' },
    load: async () => (await import('./keep.ts')).gcCommand,
  },
  {
    ...{ name: 'serve', group: machine, summary: 'run the orchestrator' },
    load: async () => (await import('./serve.ts')).serveCommand,
  },
  {
    ...{ name: 'stop', group: machine, summary: 'stop the orchestrator of this data folder' },
    load: async () => (await import('./stop.ts')).stopCommand,
  },
  {
    ...{ name: 'token', group: machine, summary: 'print the token of the API' },
    load: async () => (await import('./serve.ts')).tokenCommand,
  },
  {
    ...{ name: 'completion', group: help, summary: 'print what completes commands in bash, zsh or fish' },
    load: async () => (await import('./completion/command.ts')).completionCommand(addCommands),
  },
  {
    ...{
      name: 'complete-ids',
      group: help,
      hidden: true,
      summary: 'print the ids of builds, for completion',
    },
    load: async () => (await import('./completion/command.ts')).completeIdsCommand,
  },
];

/** The program with one command as it is and the others by name only, as far as a list of them needs. */
export async function addCommands(program: Command, isWanted: (name: string) => boolean): Promise<void> {
  // The same whether its file was read or not.
  program.configureHelp({ subcommandTerm: (command) => command.name() });
  for (const { name, summary, group, hidden, load } of commands) {
    if (isWanted(name)) (await load())(program);
    else program.command(name, { hidden: hidden === true }).summary(summary);
    program.commands
      .find((command) => command.name() === name)
      ?.helpGroup(group)
      .summary(summary);
  }
}

/** The command that a command line calls, or asks for help about. */
export function wantedCommand(words: readonly string[]): string | undefined {
  const names = words.filter((word) => !word.startsWith('-'));
  return names[0] === 'help' ? names[1] : names[0];
}

import { Argument, type Command } from 'commander';
import { readConfig } from '../../config.ts';
import { connectToRunning } from '../connect.ts';
import { bashCompletion } from './bash.ts';
import { type CompletedCommand, describeCommands } from './describe-commands.ts';
import { fishCompletion } from './fish.ts';
import { zshCompletion } from './zsh.ts';

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } satisfies Record<
  string,
  (commands: readonly CompletedCommand[]) => string
>;

type Shell = keyof typeof shells;

/** Adds commands to a program, those that are wanted with all they have. */
type AddCommands = (program: Command, isWanted: (name: string) => boolean) => Promise<void>;

export const completionCommand = (addCommands: AddCommands) => (program: Command) => {
  program
    .command('completion')
    .description('Print a script that completes commands, options, variants and ids of builds in your shell.')
    .addArgument(new Argument('<shell>', 'your shell').choices(Object.keys(shells)))
    .addHelpText(
      'after',
      `
Examples:
  source <(nexus completion bash)                                  in ~/.bashrc
  source <(nexus completion zsh)                                   in ~/.zshrc, after compinit
  nexus completion fish > ~/.config/fish/completions/nexus.fish`,
    )
    .action(async (shell: Shell) => {
      const whole = program.createCommand('nexus');
      await addCommands(whole, () => true);
      process.stdout.write(shells[shell](describeCommands(whole)));
    });
};

/** For the scripts above: one build a line, its id and its name. */
export function completeIdsCommand(program: Command): void {
  program
    .command('complete-ids', { hidden: true })
    .description('Print the ids and names of builds, for completion.')
    .action(async () => {
      try {
        const client = await connectToRunning(readConfig());
        for (const { id, request } of (await client?.list()) ?? [])
          process.stdout.write(`${id}\t${request.name}\n`);
      } catch {
        // Whoever presses Tab wants to read no error; the command itself will tell.
      }
    });
}

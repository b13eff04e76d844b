import type { Argument, Command, Option } from 'commander';
import { variantNames } from '../../builds/variants.ts';

/** What may follow: words, or something that the shell or we look up when it is asked for. */
export type Values =
  | { kind: 'words'; words: readonly string[] }
  | { kind: 'files' }
  | { kind: 'ids' }
  | { kind: 'none' };

export interface CompletedOption {
  long: string;
  short: string | undefined;
  summary: string;
  /** Nothing when it takes no value. */
  value: Values | undefined;
}

export interface CompletedCommand {
  /** `builder start`; empty for the program itself. */
  name: string;
  summary: string;
  options: CompletedOption[];
  subcommands: { name: string; summary: string }[];
  argument: Values;
}

/** The whole program as completion needs it, each command before its own. */
export function describeCommands(program: Command): CompletedCommand[] {
  return [describe('', program), ...visible(program).flatMap((command) => describeTree('', command))];
}

function describeTree(parent: string, command: Command): CompletedCommand[] {
  const name = `${parent} ${command.name()}`.trim();
  return [describe(name, command), ...visible(command).flatMap((child) => describeTree(name, child))];
}

function describe(name: string, command: Command): CompletedCommand {
  const visibleOptions = command.createHelp().visibleOptions(command);
  return {
    ...{ name, summary: summaryOf(command) },
    options: visibleOptions.filter(({ long }) => long !== undefined && long !== null).map(describeOption),
    subcommands: visible(command).map((child) => ({ name: child.name(), summary: summaryOf(child) })),
    argument: valuesOfArgument(command.registeredArguments[0]),
  };
}

const summaryOf = (command: Command) => (command.summary() || command.description()).replace(/\.$/, '');

const visible = (command: Command): readonly Command[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .filter((child) => child.name() !== 'help');

function describeOption(option: Option): CompletedOption {
  const takesValue = option.required || option.optional;
  return {
    ...{ long: option.long ?? '', short: option.short, summary: option.description.replace(/\.$/, '') },
    value: takesValue ? valuesOfOption(option) : undefined,
  };
}

/** Told by what the help calls the value. */
function valuesOfOption({ long, flags, argChoices }: Option): Values {
  if (argChoices) return { kind: 'words', words: argChoices };
  if (long === '--variant') return { kind: 'words', words: variantNames };
  return /<(file|folder|path|where)>/.test(flags) && long !== '--attr' ? { kind: 'files' } : { kind: 'none' };
}

function valuesOfArgument(argument: Argument | undefined): Values {
  if (argument === undefined) return { kind: 'none' };
  if (argument.argChoices) return { kind: 'words', words: argument.argChoices };
  if (argument.name() === 'id') return { kind: 'ids' };
  return ['path', 'script', 'folder', 'file'].includes(argument.name())
    ? { kind: 'files' }
    : { kind: 'none' };
}

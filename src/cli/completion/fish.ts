import type { CompletedCommand, CompletedOption, Values } from './describe-commands.ts';

/** Completion for fish: `nexus completion fish | source`. */
export function fishCompletion(commands: readonly CompletedCommand[]): string {
  return `# Completion of nexus for fish: nexus completion fish | source
complete -c nexus -f
${commands.flatMap(linesOf).join('\n')}
`;
}

function linesOf(command: CompletedCommand): string[] {
  const when = condition(command);
  return [
    ...command.subcommands.map(
      ({ name, summary }) => `complete -c nexus ${when} -a ${name} -d ${quote(summary)}`,
    ),
    ...command.options.map((option) => `complete -c nexus ${when} ${flags(option)}`),
    ...(command.subcommands.length > 0
      ? []
      : argument(command.argument).map((what) => `complete -c nexus ${when} ${what}`)),
  ];
}

function condition({ name, subcommands }: CompletedCommand): string {
  if (name === '') return '-n __fish_use_subcommand';
  const words = name.split(' ');
  const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
  const none =
    subcommands.length > 0
      ? `; and not __fish_seen_subcommand_from ${subcommands.map((s) => s.name).join(' ')}`
      : '';
  return `-n ${quote(seen + none)}`;
}

function flags({ long, short, summary, value }: CompletedOption): string {
  const takes = value === undefined ? [] : value.kind === 'files' ? ['-r', '-F'] : ['-x', ...argument(value)];
  return [...(short ? ['-s', short.slice(1)] : []), '-l', long.slice(2), ...takes, '-d', quote(summary)].join(
    ' ',
  );
}

function argument(value: Values): string[] {
  switch (value.kind) {
    case 'words':
      return [`-a ${quote(value.words.join(' '))}`];
    case 'ids':
      return [`-a '(nexus complete-ids 2>/dev/null)'`];
    case 'files':
      return ['-F'];
    case 'none':
      return [];
  }
}

const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

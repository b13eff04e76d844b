import type { CompletedCommand, Values } from './describe-commands.ts';

/** Completion for Bash 3.2 and newer: `source <(nexus completion bash)`. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const withSubcommands = commands.filter(({ name, subcommands }) => name !== '' && subcommands.length > 0);
  return `# Completion of nexus for Bash: source <(nexus completion bash)
_nexus() {
  local word command='' current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  local IFS=$'\\n'
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) continue ;; esac
    case $command in
      '') command=$word ;;
      ${[...withSubcommands.map(({ name }) => name), 'none-has-this-name'].join('|')}) command="$command $word" ;;
    esac
  done
  case "$command:$before" in
${commands.flatMap(valueCases).join('\n')}
  esac
  case "$current" in
    -*)
      case $command in
${commands.map(({ name, options }) => `        '${name}') ${reply(options.map(({ long }) => long))} ;;`).join('\n')}
      esac
      ;;
    *)
      case $command in
${commands.map((command) => `        '${command.name}') ${follow(command)} ;;`).join('\n')}
      esac
      ;;
  esac
}
complete -o bashdefault -o default -F _nexus nexus
`;
}

function valueCases({ name, options }: CompletedCommand): string[] {
  return options.flatMap(({ long, short, value }) =>
    value
      ? [
          `    ${[long, short]
            .filter(Boolean)
            .map((flag) => `'${name}:${flag}'`)
            .join('|')}) ${values(value)}; return ;;`,
        ]
      : [],
  );
}

function follow({ subcommands, argument }: CompletedCommand): string {
  return subcommands.length > 0 ? reply(subcommands.map(({ name }) => name)) : values(argument);
}

function values(value: Values): string {
  switch (value.kind) {
    case 'words':
      return reply(value.words);
    case 'ids':
      return `COMPREPLY=($(compgen -W "$(nexus complete-ids 2>/dev/null | cut -f1)" -- "$current"))`;
    case 'files':
      // Nothing is an answer too: then Bash completes files.
      return ':';
    case 'none':
      return ':';
  }
}

const reply = (words: readonly string[]) => `COMPREPLY=($(compgen -W $'${words.join('\\n')}' -- "$current"))`;

import type { CompletedCommand, Values } from './describe-commands.ts';

/** Completion for zsh: a file `_nexus` in a folder of `fpath`, or `source <(nexus completion zsh)`. */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  const withSubcommands = commands.filter(({ name, subcommands }) => name !== '' && subcommands.length > 0);
  return `#compdef nexus
# Completion of nexus for zsh: source <(nexus completion zsh), after compinit
_nexus() {
  local word command='' before=\${words[CURRENT-1]}
  local -a found
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case $word in -*) continue ;; esac
    case $command in
      '') command=$word ;;
      ${[...withSubcommands.map(({ name }) => name), 'none-has-this-name'].join('|')}) command="$command $word" ;;
    esac
  done
  case "$command:$before" in
${commands.flatMap(valueCases).join('\n')}
  esac
  case "$PREFIX" in
    -*)
      case $command in
${commands.map(({ name, options }) => `        '${name}') found=(${described(options.map(({ long, summary }) => ({ name: long, summary })))}) ;;`).join('\n')}
      esac
      _describe -o option found
      ;;
    *)
      case $command in
${commands.map((command) => `        '${command.name}') ${follow(command)} ;;`).join('\n')}
      esac
      ;;
  esac
}
if [ "\${funcstack[1]}" = _nexus ]; then _nexus "$@"; else compdef _nexus nexus; fi
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
  return subcommands.length > 0
    ? `found=(${described(subcommands)}); _describe command found`
    : values(argument);
}

function values(value: Values): string {
  switch (value.kind) {
    case 'words':
      return `compadd -- ${value.words.join(' ')}`;
    case 'ids':
      return `found=(\${(f)"$(nexus complete-ids 2>/dev/null | tr '\\t' ':')"}); _describe build found`;
    case 'files':
      return '_files';
    case 'none':
      return ':';
  }
}

/** \`name:summary\`, in which a colon of the name would have to be escaped. */
function described(items: readonly { name: string; summary: string }[]): string {
  return items.map(({ name, summary }) => `'${`${name}:${summary}`.replaceAll("'", `'\\''`)}'`).join(' ');
}

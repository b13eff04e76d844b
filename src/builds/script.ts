import { shellQuote } from '../transport/shell-quote.ts';
import type { Plan } from './plan.ts';

/** A directory with more files than this is delivered as one archive. */
const mostFiles = 16;

/**
 * The Bash that goes into the pipe. It runs in the folder of the build, with the commands of docs/protocol.md.
 * Everything that came from a person is quoted, so it never becomes a second word.
 */
export function renderScript(id: string, plan: Plan): string {
  const header = `# nexus-build: ${id}\n`;
  switch (plan.kind) {
    case 'script':
      return header + plan.script;
    case 'image':
      return header + renderImage(plan);
    case 'nix':
      return header + renderNix(plan);
  }
}

type PlanOf<K extends Plan['kind']> = Extract<Plan, { kind: K }>;

function renderImage({ files, evaluate }: PlanOf<'image'>): string {
  const write = Object.entries(files).map(
    ([name, text]) => `printf %s ${shellQuote([text])} > ${shellQuote([name])}`,
  );
  return `set -euo pipefail
${write.join('\n')}

nexus-phase evaluating
${shellQuote(evaluate)} > image.json
derivation=$(jq -r .derivation image.json)
file=$(jq -r .file image.json)

nexus-phase building "$derivation"
output=$(nix-build --out-link result "$derivation")

# Some variants are a file themselves, whatever they say of the place inside.
if [ ! -f "$output" ]; then output=$output/$file; fi
nexus-artifact "$output"
`;
}

function renderNix({ instantiate }: PlanOf<'nix'>): string {
  return `set -euo pipefail

nexus-phase evaluating
${shellQuote(instantiate)} > /dev/null

nexus-phase building
nix-build --out-link result ./derivation.drv* > outputs

# A file is an artifact; a directory gives its files, or one archive when there are many.
while read -r output; do
  name=\${output#/nix/store/*-}
  if [ -f "$output" ]; then
    nexus-artifact "$output" "$name"
    continue
  fi
  find -L "$output" -type f -not -path '*/nix-support/*' -print0 > files
  mapfile -d '' -t files < files
  if [ "\${#files[@]}" -eq 0 ]; then
    echo "$output has no files, so there is nothing to fetch" >&2
  elif [ "\${#files[@]}" -le ${mostFiles} ]; then
    for file in "\${files[@]}"; do nexus-artifact "$file"; done
  else
    tar -czf "$name.tar.gz" -C "$(dirname "$output")" "$(basename "$output")"
    nexus-artifact "$PWD/$name.tar.gz"
  fi
done < outputs
`;
}

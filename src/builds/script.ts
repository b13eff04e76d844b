import { type Limits, limitNames } from '../limits.ts';
import { shellQuote } from '../transport/shell-quote.ts';
import type { Plan } from './plan.ts';
import type { Conversion } from './request.ts';

/** Nix tells its progress in its log, which is made into text where people read it. */
const nixBuild = 'nix-build --log-format internal-json -v';

/** A directory with more files than this is delivered as one archive. */
const mostFiles = 16;

/**
 * The Bash that goes into the pipe. It runs in the folder of the build, with the commands of docs/protocol.md.
 * Everything that came from a person is quoted, so it never becomes a second word.
 */
export function renderScript(id: string, plan: Plan, limits: Partial<Limits> = {}): string {
  const header = `# nexus-build: ${id}\n${renderLimits(limits)}`;
  switch (plan.kind) {
    case 'script':
      return header + plan.script;
    case 'images':
      return header + renderImages(plan);
    case 'derivations':
      return header + renderDerivations(plan);
  }
}

/** Kept by the watcher: docs/protocol.md. */
function renderLimits(limits: Partial<Limits>): string {
  const words = limitNames.flatMap((name) => (limits[name] ? [`${name}=${limits[name]}`] : []));
  return words.length === 0 ? '' : `# nexus-limits: ${words.join(' ')}\n`;
}

type PlanOf<K extends Plan['kind']> = Extract<Plan, { kind: K }>;

function renderImages({ files, evaluate, convert }: PlanOf<'images'>): string {
  const write = Object.entries(files).map(
    ([name, text]) => `printf %s ${shellQuote([text])} > ${shellQuote([name])}`,
  );
  return `set -euo pipefail
${write.join('\n')}
${renderDeliver(convert)}
${renderEvaluate(`${shellQuote(evaluate)} > images.json
  jq -r '.[].derivation' images.json > derivations`)}
jq -c '.[]' images.json > images
while read -r image; do
  variant=$(jq -r .variant <<< "$image")
  nexus-phase building "$variant"
  output=$(${nixBuild} --out-link "result-$variant" "$(jq -r .derivation <<< "$image")")
  file=$output/$(jq -r .file <<< "$image")
  # Some variants are a file themselves, whatever they say of the place inside.
  if [ -f "$output" ]; then file=$output; fi
  # The script of a vm has its disk from a path of the store.
  if [ "$variant" = vm ]; then
    file=$(grep -ohE '/nix/store/[^" ]+/nixos\\.qcow2' "$file"/run-*-vm | head -n 1)
  fi
  name=$(jq -r '.name // empty' <<< "$image")
  deliver "$file" \${name:+"$name"}
done < images
`;
}

function renderDerivations({ evaluate, convert }: PlanOf<'derivations'>): string {
  return `set -euo pipefail
${renderDeliver(convert)}
${renderEvaluate(`${shellQuote(evaluate)} > derivations`)}
nexus-phase building
mapfile -t derivations < derivations
${nixBuild} --out-link result "\${derivations[@]}" > outputs

# A file is an artifact; a directory gives its files, or one archive when there are many.
while read -r output; do
  name=\${output#/nix/store/*-}
  if [ -f "$output" ]; then
    deliver "$output" "$name"
    continue
  fi
  find -L "$output" -type f -not -path '*/nix-support/*' -print0 > files
  mapfile -d '' -t files < files
  if [ "\${#files[@]}" -eq 0 ]; then
    echo "$output has no files, so there is nothing to fetch" >&2
  elif [ "\${#files[@]}" -le ${mostFiles} ]; then
    for file in "\${files[@]}"; do deliver "$file"; done
  else
    tar -czf "$name.tar.gz" -C "$(dirname "$output")" "$(basename "$output")"
    nexus-artifact "$PWD/$name.tar.gz"
  fi
done < outputs
`;
}

/** A list of what the lines of `derivations` name, which nix-instantiate makes roots. */
const keepExpression = `map
  (path: { type = "derivation"; name = "kept"; outputName = "out"; outPath = path; drvPath = builtins.storePath path; })
  (builtins.filter (line: builtins.isString line && line != "") (builtins.split "\n" (builtins.readFile ./derivations)))`;

/**
 * Evaluates, and makes a root of every derivation: Nix collects garbage whenever a disk gets full, and between two
 * of its programs nothing holds what the first one has made.
 */
function renderEvaluate(commands: string): string {
  return `evaluate() {
  nexus-phase evaluating
  ${commands}
}
keep_derivations() { nix-instantiate --indirect --add-root evaluated keep.nix > /dev/null; }
printf %s ${shellQuote([keepExpression])} > keep.nix
evaluate
if ! keep_derivations; then
  echo 'What was evaluated has been collected as garbage; evaluating again' >&2
  evaluate
  keep_derivations
fi
`;
}

/** Compressed where the format can be read compressed by everything that reads it at all. */
const convertOptions: Record<Conversion, string> = {
  raw: '-O raw',
  qcow2: '-O qcow2 -c',
  vmdk: '-O vmdk -c -o subformat=streamOptimized',
  vdi: '-O vdi',
  vhdx: '-O vhdx',
};

/** The shell function \`deliver FILE [NAME]\`. */
function renderDeliver(convert: Conversion | undefined): string {
  if (convert === undefined) return 'deliver() { nexus-artifact "$@"; }\n';
  return `deliver() {
  local name=\${2:-\${1##*/}}
  case $name in
    *.qcow2 | *.img | *.raw | *.vhd | *.vhdx | *.vmdk | *.vdi) ;;
    *) nexus-artifact "$@"; return ;;
  esac
  command -v qemu-img > /dev/null || { echo 'This builder has no qemu-img, which converts disks' >&2; return 1; }
  nexus-phase converting ${convert}
  mkdir -p converted
  local format=()
  # Nothing tells a raw disk from any other file, and a fixed VHD looks like one.
  case $name in *.img | *.raw) format=(-f raw) ;; *.vhd) format=(-f vpc) ;; esac
  qemu-img convert "\${format[@]}" ${convertOptions[convert]} "$1" "converted/\${name%.*}.${convert === 'raw' ? 'img' : convert}"
  nexus-artifact "$PWD/converted/\${name%.*}.${convert === 'raw' ? 'img' : convert}"
}
`;
}

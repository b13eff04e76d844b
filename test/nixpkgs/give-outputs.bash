# shellcheck shell=bash
# What the stand-ins in commands/ share.

# Notes the derivations in the file $NEXUS_TRIED, and prints one file for each, named like its output.
give_outputs() { # DERIVATION…
  (($#)) || return 1
  local derivation output file
  for derivation; do
    [[ $derivation == /nix/store/*.drv ]] || { echo "not a derivation: $derivation" >&2; return 1; }
    printf '%s\n' "$derivation" >>"$NEXUS_TRIED"
    output=$(nix-store --query --outputs "$derivation" | head -n 1)
    file=$NEXUS_TRIED.outputs/${output##*/}
    mkdir -p -- "${file%/*}"
    : >"$file"
    printf '%s\n' "$file"
  done
}

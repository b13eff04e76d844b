# shellcheck shell=bash
# What the stand-ins in commands/ share.

# Notes the derivations in the file $NEXUS_TRIED, and prints for each what stands in for its output.
give_outputs() { # DERIVATION…
  (($#)) || return 1
  local derivation output stand_in
  for derivation; do
    # nix-instantiate names an output other than the first one after the derivation.
    derivation=${derivation%!*}
    [[ $derivation == /nix/store/*.drv && -e $derivation ]] || { echo "not a derivation: $derivation" >&2; return 1; }
    printf '%s\n' "$derivation" >>"$NEXUS_TRIED"
    output=$(nix-store --query --outputs "$derivation" | head -n 1)
    stand_in=$NEXUS_TRIED.outputs/${output##*/}
    make_stand_in "$stand_in"
    printf '%s\n' "$stand_in"
  done
}

# A file, since an output that is a file is the artifact; but a vm is a folder with a script that names its disk.
make_stand_in() { # PATH
  if [[ $1 == *-nixos-vm ]]; then
    mkdir -p -- "$1/bin"
    echo 'disk="/nix/store/stand-in/nixos.qcow2"' >"$1/bin/run-stand-in-vm"
  else
    mkdir -p -- "${1%/*}"
    : >"$1"
  fi
}

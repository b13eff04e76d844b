# shellcheck shell=bash
# Where everything is: the names on disk of docs/protocol.md, and what every program of the watcher agrees on.
# A program sets $here to the folder of this file before it reads it.
# shellcheck disable=SC2034,SC2154  # the programs that source this file read these names, and set $here

# A stranger's start-up file must not run inside our programs or inside a script.
unset BASH_ENV ENV

# A systemd unit on NixOS knows little more than coreutils: what an administrator would find comes last.
PATH=$PATH:/run/wrappers/bin:/run/current-system/sw/bin:/nix/var/nix/profiles/default/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

bootstrap=${NEXUS_BOOTSTRAP:-/nexus_bootstrap}
[[ $bootstrap == /* ]] || bootstrap=$PWD/$bootstrap
pipe_in=$bootstrap/pipe_in
pipe_out=$bootstrap/pipe_out
epoch_file=$bootstrap/epoch
ssh_destination_file=$bootstrap/ssh_destination
builds=$bootstrap/builds

# The scripts' own commands; the other programs are nobody's business but ours.
commands=$here/commands

if [[ ! ${NEXUS_MODE:-} ]]; then
  if [[ -d /run/systemd/system ]]; then NEXUS_MODE=systemd; else NEXUS_MODE=plain; fi
fi
case $NEXUS_MODE in
  systemd | plain) ;;
  *) echo "NEXUS_MODE is '$NEXUS_MODE'; it must be systemd or plain" >&2; exit 2 ;;
esac

export NEXUS_BOOTSTRAP=$bootstrap NEXUS_MODE

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

die() {
  say "$@"
  exit 1
}

# The words of usage errors are told apart from failures by their exit status.
usage() {
  printf 'usage: %s\n' "$*" >&2
  exit 2
}

# shellcheck shell=bash
# shellcheck disable=SC2154  # the names on disk come from paths.bash
# Plain mode only: finds and ends every process of a build, where systemd would have the cgroup.

grace_seconds=3

# Sets processes to what the build has running: its session, and whatever left the session but still carries its
# environment. A process that does both, leaving and wiping its environment, is out of reach without a cgroup.
find_processes() { # ID
  local build=$builds/$1 leader='' carriers members=() files=() file pid
  processes=()
  # Both look at every process there is, so at the same time.
  exec {carriers}< <(grep -lszxF -e "NEXUS_BUILD_DIR=$build" /proc/[0-9]*/environ)
  if [[ -s $build/started ]]; then read -r leader <"$build/started" || true; fi
  if [[ $leader =~ ^[0-9]+$ ]] && session_is_ours "$leader" "$build"; then
    # Behind the name, which may look like anything: state, parent, group and session, then only numbers: proc(5).
    mapfile -t members < <(grep -lszE -e "\\) [^Z] -?[0-9]+ -?[0-9]+ $leader [-0-9[:space:]]*\$" /proc/[0-9]*/stat)
  fi
  mapfile -t -u "$carriers" files
  exec {carriers}<&-
  for file in "${files[@]}" "${members[@]}"; do
    pid=${file#/proc/}
    processes+=("${pid%/*}")
  done
}

# A number is given away again once a whole session has gone: then its new leader knows nothing of this build.
session_is_ours() { # LEADER BUILD_DIR
  [[ ! -r /proc/$1/environ ]] || [[ ! -s /proc/$1/cmdline ]] || grep -qszxF -e "NEXUS_BUILD_DIR=$2" "/proc/$1/environ"
}

signal_processes() { # ID SIGNAL
  find_processes "$1"
  ((${#processes[@]})) || return
  kill -s "$2" -- "${processes[@]}" 2>/dev/null || true
}

# Returns when nothing of the build is left: asks first, then insists until even what still forks is gone.
end_processes() { # ID
  local tries
  signal_processes "$1" TERM || return 0
  # A stopped process would not hear the request.
  kill -s CONT -- "${processes[@]}" 2>/dev/null || true
  for ((tries = 0; tries < grace_seconds * 10; tries++)); do
    sleep 0.1
    find_processes "$1"
    ((${#processes[@]})) || return 0
  done
  for ((tries = 0; tries < 100; tries++)); do
    signal_processes "$1" KILL || return 0
    sleep 0.05
  done
  say "build $1 has processes that cannot be killed: ${processes[*]}"
}

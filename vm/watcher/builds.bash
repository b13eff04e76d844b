# shellcheck shell=bash
# shellcheck disable=SC2154  # the names on disk come from paths.bash
# One build on disk: what state it is in, how it is launched, how it ends.
#
# A build is a folder; the files in it are its state:
#   script     it exists; put there by rename, so it is whole
#   boot       the boot in which it was accepted: a build does not outlive it
#   started    its first process ran; created exclusively, so no script runs twice
#   cancelled  somebody asked for its end
#   limit      it has reached this limit and shall end: limits.bash
#   ended      what systemd said of its end, kept before anything else is done about it
#   ending     how it ended, written before the event is: whoever finds it finishes what was begun
#   finished   its finished event is in pipe_out

valid_id() { # ID
  local LC_ALL=C
  [[ $1 =~ ^[a-z0-9][a-z0-9-]{0,62}$ ]]
}

# Sets REPLY to the kernel's id of this boot.
boot_id() {
  read -r REPLY </proc/sys/kernel/random/boot_id
}

of_this_boot() { # ID
  local boot=
  [[ -r $builds/$1/boot ]] && read -r boot <"$builds/$1/boot" || return
  boot_id
  [[ $boot == "$REPLY" ]]
}

may_start() { # ID
  local build=$builds/$1
  [[ ! -e $build/started && ! -e $build/cancelled && ! -e $build/ending ]] && of_this_boot "$1"
}

# True when a process that will tell the build's end is seen alive. It costs no fork, and being wrong costs nothing:
# see launch_build.
is_kept() { # ID
  local build=$builds/$1 pid words line
  if [[ $NEXUS_MODE == systemd ]]; then
    read -r pid <"$build/started" && read -r line <"/proc/$pid/cgroup" && [[ $line == *"/nexus-build@$1.service" ]]
  else
    read -r pid <"$build/supervisor" && mapfile -d '' -t words <"/proc/$pid/cmdline" &&
      [[ ${#words[@]} -ge 2 && ${words[-2]} == */nexus-run-plain && ${words[-1]} == "$1" ]]
  fi
} 2>/dev/null

# What the watcher holds open and no build may inherit, above all its locks.
private_fds=()

close_private_fds() {
  local fd
  for fd in "${private_fds[@]}" ${pipe_fd:+"$pipe_fd"}; do exec {fd}>&-; done
}

# Starts the build, closes it when it was abandoned, and leaves it alone when it runs or has ended: so launching is
# the answer to every doubt about a build.
launch_build() { # ID
  if [[ $NEXUS_MODE == systemd ]]; then
    # A stop that is under way must not be replaced by a start.
    systemctl start --no-block --job-mode=fail "nexus-build@$1.service" </dev/null
  else
    # Nothing of a build may carry on in the supervisor of another one.
    (
      close_private_fds
      unset NEXUS_BUILD_ID NEXUS_BUILD_DIR
      exec setsid --fork "$here/nexus-run-plain" "$1" </dev/null >>"$builds/$1/log" 2>&1
    )
  fi
}

# Asks a build to end, and does not wait for it. One that is not seen alive is closed by the next launch.
stop_build() { # ID
  local pid
  if [[ $NEXUS_MODE == systemd ]]; then
    systemctl stop --no-block "nexus-build@$1.service" </dev/null || true
  elif is_kept "$1" && read -r pid <"$builds/$1/supervisor"; then
    kill -s TERM "$pid" 2>/dev/null || true
  fi
}

# Sets REPLY to the finished event of the build when pipe_out has it.
find_finished() { # ID
  local member="\"type\":\"finished\",\"id\":\"$1\""
  REPLY=$(grep -aF -- "$member" "$pipe_out" | jq -Rnr --arg id "$1" "$event_in_line"'
    first(inputs | event_in_line | select(fromjson | .type == "finished" and .id == $id))') || true
  [[ $REPLY ]]
}

retrieve_list() { # ID
  local lines=()
  if [[ -r $builds/$1/retrieve ]]; then mapfile -t lines <"$builds/$1/retrieve"; fi
  local IFS=,
  REPLY="[${lines[*]}]"
}

# The event must have reached the disk before the marker does: a marker without its event would be an end never told.
mark_finished() { # ID LINE
  sync -- "$pipe_out" || true
  { printf '%s\n' "$2" >"$builds/$1/.finished" && mv -f -- "$builds/$1/.finished" "$builds/$1/finished"; } 2>/dev/null
}

# Keeps what is known of the end before it is told. The file must exist from then on; on a full disk it may stay empty.
keep_ending() { # ID RESULT STATUS SIGNAL
  local ending=$builds/$1/ending
  { : >"$ending"; } 2>/dev/null || { rm -f -- "$reserve" && : >"$ending"; } || return
  { printf '%s\n' "$2:$3:$4" >"$ending"; } 2>/dev/null || true
}

write_finished() { # ID RESULT STATUS SIGNAL
  local signal=null limit=
  if [[ $4 ]]; then signal="\"$4\""; fi
  if [[ $2 == timeout ]]; then
    limit_member "$1"
    limit=$REPLY
  fi
  retrieve_list "$1"
  write_event finished "$1" ",\"result\":\"$2\",\"status\":${3:-null},\"signal\":$signal,\"retrieve\":$REPLY$limit"
}

# Reports the end of a build, exactly once, whoever calls it how often. STATUS and SIGNAL may be empty.
end_build() { # ID RESULT STATUS SIGNAL
  local failed=0
  [[ ! -e $builds/$1/finished ]] || return 0
  lock_pipe || return
  # Another one may have told it while we waited for the lock.
  [[ -e $builds/$1/finished ]] || tell_end "$@" || failed=$?
  unlock_pipe
  return "$failed"
}

# The caller holds the lock.
tell_end() { # ID RESULT STATUS SIGNAL
  local id=$1 ending=("${@:2}") known=()
  if [[ -e $builds/$id/ending ]]; then
    # Somebody was here before and died: its event may be out, and it knew better than we do.
    if find_finished "$id"; then
      mark_finished "$id" "$REPLY"
      return
    fi
    IFS=: read -r -a known <"$builds/$id/ending" || true
    if [[ ${known[0]:-} ]]; then ending=("${known[0]}" "${known[1]:-}" "${known[2]:-}"); fi
  else
    keep_ending "$id" "${ending[@]}" || return
  fi
  write_finished "$id" "${ending[@]}" || return
  mark_finished "$id" "$event_line"
}

# Sets REPLY to the result of a build whose own end nobody saw or nobody shall see.
result_of_stopped() { # ID
  if [[ -e $builds/$1/cancelled ]]; then
    REPLY=cancelled
  elif [[ -e $builds/$1/limit ]]; then
    REPLY=timeout
  else
    REPLY=interrupted
  fi
}

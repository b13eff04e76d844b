# shellcheck shell=bash
# shellcheck disable=SC2154  # the names on disk come from paths.bash
# What a build may use: one line among the first three of its script,
#   # nexus-limits: time=SECONDS silence=SECONDS log=BYTES artifact=BYTES
# The watcher keeps them, so that they hold while nobody is connected. A build that has reached one gets the file
# `limit`, which says NAME VALUE, and is stopped.

declare -A limits=()

# Sets limits to what the script says. Fails, with the reason in REPLY, when that is no line of limits.
read_limits() { # SCRIPT
  local lines=() line words=() word
  limits=()
  mapfile -n 3 -t lines <"$1"
  for line in "${lines[@]}"; do
    [[ $line == '# nexus-limits:'* ]] || continue
    read -r -a words <<<"${line#*:}"
    for word in "${words[@]}"; do
      if [[ ! $word =~ ^(time|silence|log|artifact)=([1-9][0-9]{0,14})$ || ${limits[${BASH_REMATCH[1]}]:-} ]]; then
        REPLY="no limit: '$word'; it takes time, silence, log and artifact, each once and with a whole number"
        return 1
      fi
      limits[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
    done
    return 0
  done
}

# The kernel's clock, because no change of the date may end a build. Sets REPLY to hundredths of a second since boot.
uptime_ticks() {
  read -r REPLY _ </proc/uptime
  REPLY=${REPLY/./}
}

# Sets REPLY to how many seconds the first process of a build has run; fails when it does not.
run_seconds() { # ID
  local pid line fields=()
  read -r pid <"$builds/$1/started" && read -r line <"/proc/$pid/stat" || return
  # The program's name stands in parentheses and may itself have blanks; the 22nd field, proc(5), is the start.
  read -r -a fields <<<"${line##*) }"
  uptime_ticks
  REPLY=$(((REPLY - fields[19]) / 100))
} 2>/dev/null

declare -A log_seen=() quiet_since=()

# Sets REPLY to how many seconds a log has been as it is. It is counted from the first look on.
silent_seconds() { # ID SIZE-AND-TIME
  uptime_ticks
  if [[ ${log_seen[$1]:-} != "$2" ]]; then
    log_seen[$1]=$2
    quiet_since[$1]=$REPLY
  fi
  REPLY=$(((REPLY - quiet_since[$1]) / 100))
}

reach_limit() { # ID LIMIT
  local build=$builds/$1 value=${limits[$2]}
  if [[ ! -s $build/limit ]]; then
    say "build $1 has reached its limit of $2=$value"
    printf '%s %s\n' "$2" "$value" >"$build/limit" || true
    printf '\nnexus: the build has reached its limit of %s=%s and is stopped\n' "$2" "$value" >>"$build/log" || true
  fi
  stop_build "$1"
} 2>/dev/null

check_build() { # ID LOG-SIZE LOG-TIME
  read_limits "$builds/$1/script" || true
  if [[ ${limits[time]:-} ]] && run_seconds "$1" && ((REPLY >= limits[time])); then
    reach_limit "$1" time
  elif [[ ${limits[silence]:-} ]] && silent_seconds "$1" "$2 $3" && ((REPLY >= limits[silence])); then
    reach_limit "$1" silence
  elif [[ ${limits[log]:-} ]] && (($2 > limits[log])); then
    reach_limit "$1" log
  fi
}

# Stops those of the running builds that have reached a limit. One fork, however many they are.
check_limits() { # ID…
  local id size time name logs=()
  for id; do
    if [[ -s $builds/$id/started ]]; then logs+=("builds/$id/log"); fi
  done
  ((${#logs[@]})) || return 0
  while read -r size time name; do
    name=${name#builds/}
    check_build "${name%/log}" "$size" "$time"
  done < <(cd -- "$bootstrap" && stat -c '%s %.Y %n' -- "${logs[@]}" 2>/dev/null)
}

forget_limits() { # ID
  unset "log_seen[$1]" "quiet_since[$1]"
}

# Sets REPLY to the member of a finished event that tells which limit ended the build; to nothing when none did.
limit_member() { # ID
  local name='' value=''
  REPLY=
  read -r name value <"$builds/$1/limit" || true
  if [[ $name && $value ]]; then REPLY=",\"limit\":{\"name\":\"$name\",\"value\":$value}"; fi
} 2>/dev/null

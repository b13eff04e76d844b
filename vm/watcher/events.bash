# shellcheck shell=bash
# shellcheck disable=SC2154  # the names on disk come from paths.bash
# Appends events to pipe_out.
#
# INVARIANTS
# - pipe_out is written only by whoever holds the lock on it.
# - The counter file holds the seq of the last event. It is empty while a line is being written, so that whoever
#   comes next sees that the writer was killed, and repairs what it left.
# - A line that is not ours, or torn, is closed with a newline before the next event. Should a stranger write just
#   then, the event stands at the end of his line, and readers find it there.

seq_file=$bootstrap/.seq
# Freed when the disk is full, so that there is always room to say so.
reserve=$bootstrap/.reserve
reserve_bytes=65536
pipe_fd=

# Sets REPLY to TEXT as a JSON string. What needs no escaping needs no jq either: a fork is dear in an emulated VM.
json_string() { # TEXT
  local LC_ALL=C
  if [[ $1 =~ ^[][A-Za-z0-9\ _.,:\;/+@=()%*!?~#-]*$ ]]; then
    REPLY="\"$1\""
  else
    # The here-string adds the newline that is cut off again. Bytes that are no UTF-8 become U+FFFD.
    REPLY=$(jq -Rsa 'rtrimstr("\n")' <<<"$1")
  fi
}

# Sets REPLY to the time in RFC 3339 with milliseconds.
timestamp() {
  local now=$EPOCHREALTIME
  TZ=UTC0 printf -v REPLY '%(%Y-%m-%dT%H:%M:%S)T' "${now%[.,]*}"
  REPLY+=.${now: -6:3}Z
}

# pipe_out may be renewed while we wait for its lock.
lock_pipe() {
  while :; do
    exec {pipe_fd}>>"$pipe_out" || return
    flock "$pipe_fd" || return
    if [[ $pipe_out -ef /proc/self/fd/$pipe_fd ]]; then return; fi
    unlock_pipe
  done
}

unlock_pipe() {
  exec {pipe_fd}>&-
}

close_torn_line() {
  local byte=''
  # Nobody has written since the last event was counted. Looking at the end of the file costs a process.
  if [[ -s $seq_file && ! $pipe_out -nt $seq_file ]]; then return; fi
  [[ -s $pipe_out ]] || return 0
  IFS= read -r -N 1 byte < <(tail -c 1 -- "$pipe_out") || true
  [[ $byte == $'\n' ]] || printf '\n' >&"$pipe_fd"
}

# For jq: the text of the event in a line, or nothing; it may stand behind what a stranger has left.
# shellcheck disable=SC2016  # the dollars are jq's
event_in_line='
  def event_in_line:
    def is_event: [fromjson? | objects] != [];
    "{\"v\":1,\"seq\":" as $beginning
    | if is_event then . else $beginning + (split($beginning) | last) | select(is_event) end;'

# Sets seq to the highest number in pipe_out, or to nothing. What is no event is passed over, and what no watcher ever
# counted up to is no number: everything after it would have none either.
highest_seq() { # COMMAND THAT PRINTS A FILE
  seq=$("$@" -- "$pipe_out" | jq -Rn "$event_in_line"'
    [inputs | event_in_line | fromjson | .seq? | numbers | select(. == floor and . >= 0 and . < 1e15)] | max // empty')
}

# Sets seq to the number of the last event; counts again when its writer was killed.
read_seq() {
  seq=''
  if [[ -r $seq_file ]]; then read -r seq <"$seq_file" || true; fi
  if [[ $seq =~ ^(0|[1-9][0-9]{0,14})$ ]]; then return; fi
  highest_seq tail -c 65536
  [[ $seq ]] || highest_seq cat
  seq=${seq:-0}
}

append_line() { # LINE
  { : >"$seq_file" && printf '%s\n' "$1" >&"$pipe_fd"; } 2>/dev/null
}

# Writes one event; the caller holds the lock. Sets event_line to what was written.
write_event() { # TYPE ID FIELDS, where ID may be empty and FIELDS are JSON members, each after a comma
  local seq id=${2:+",\"id\":\"$2\""}
  close_torn_line || return
  read_seq
  timestamp
  event_line="{\"v\":1,\"seq\":$((seq + 1)),\"at\":\"$REPLY\",\"type\":\"$1\"$id$3}"
  if ! append_line "$event_line"; then
    rm -f -- "$reserve"
    close_torn_line && append_line "$event_line" || return
  fi
  # When this fails the file stays empty and the next writer counts again.
  { printf '%s\n' "$((seq + 1))" >"$seq_file"; } 2>/dev/null || true
}

emit() { # TYPE ID FIELDS
  local failed=0
  lock_pipe || { say "cannot lock $pipe_out"; return 1; }
  write_event "$1" "$2" "$3" || failed=$?
  unlock_pipe
  if ((failed)); then say "cannot write a '$1' event to $pipe_out"; fi
  return "$failed"
}

keep_reserve() {
  # Random bytes, because a file system may store zeros as nothing.
  [[ -e $reserve ]] || head -c "$reserve_bytes" /dev/urandom >"$reserve" 2>/dev/null || rm -f -- "$reserve"
}

# An old pipe_out is long, and every reader that comes anew reads it from its start. When it is larger than this, and
# nobody needs all of it (may_compact in nexus-watcher), only its last lines are kept, and of those before them what
# became of which build.
# shellcheck disable=SC2034  # read by the watcher
compact_above_bytes=$((8 * 1024 * 1024))
compact_to_bytes=$((1024 * 1024))

shortened_pipe() { # FILE FOR ITS END
  local result='^\{"v":1,"seq":[0-9]+,"at":"[^"]*","type":"(artifact|finished)",'
  tail -c "$compact_to_bytes" -- "$pipe_out" | tail -n +2 >"$1" || return
  head -c "-$(stat -c %s -- "$1")" -- "$pipe_out" | grep -aE -- "$result" | tail -c "$compact_to_bytes" | tail -n +2 || true
  cat -- "$1"
}

# Replaces pipe_out by what is kept of it, whole or not at all. Numbers go on; offsets mean nothing any more.
compact_pipe() {
  local seq failed=0 new=$bootstrap/.pipe_out.new
  lock_pipe || return
  close_torn_line && read_seq && shortened_pipe "$new.end" >"$new" && sync -- "$new" &&
    printf '%s\n' "$seq" >"$seq_file" && mv -f -- "$new" "$pipe_out" || failed=$?
  unlock_pipe
  rm -f -- "$new" "$new.end"
  return "$failed"
}

#!/bin/sh
# Runs the command as the owner of the artifacts folder, so that what is delivered there is the user's own,
# with the group of the Docker socket. Root stays root when the folder is root's: then it is what the user is.
set -eu

user=$(stat -c %u /artifacts)
group=$(stat -c %g /artifacts)
if [ "$(id -u)" -ne 0 ] || [ "$user" -eq 0 ]; then exec "$@"; fi

groups=$group
if [ -S /var/run/docker.sock ]; then groups=$groups,$(stat -c %g /var/run/docker.sock); fi
# A new volume belongs to root; the command line's container has it read-only and finds it ready.
if [ -w /data ] && [ "$(stat -c %u /data)" -ne "$user" ]; then chown -R "$user:$group" /data; fi
export HOME=/data
exec setpriv --reuid "$user" --regid "$group" --groups "$groups" --no-new-privs -- "$@"

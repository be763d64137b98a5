#!/bin/sh
# enter.sh ROOT COMMAND...: run COMMAND where ROOT/usr is /usr, and all else is as outside.
#
# A mount namespace of its own does that, and nothing outside notices. The workspace, home, /tmp, /etc
# and sockets keep their paths; /usr/local stays the machine's; the rest of its /usr is /usr/host.
# What is mounted is read-only, so that no build can spoil it for the next.
# ROOT/usr/share/bazelrc is $BAZELW_RC where that is set.
set -eu
# Root may make mount namespaces; others may in a user namespace, where they are nobody else.
who=
[ "$(id -u)" = 0 ] || who="--user --map-current-user --keep-caps"
# shellcheck disable=SC2016,SC2086 # $who is split on purpose; the inner script has its own arguments
exec unshare $who --mount --propagation slave sh -euc '
  root=$1
  shift
  [ -z "${BAZELW_RC:-}" ] || mount --bind "$BAZELW_RC" "$root/usr/share/bazelrc"
  mount --rbind /usr "$root/usr/host"
  mount --rbind /usr/local "$root/usr/local"
  mount --rbind "$root/usr" /usr
  mount -o remount,bind,ro /usr
  exec "$@"
' enter.sh "$@"

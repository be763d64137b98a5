#!/bin/sh
# enter.sh ROOT COMMAND...: run COMMAND with ROOT/usr as /usr, and everything else as outside.
#
# A separate mount namespace does that, invisibly to the outside. The workspace, home, /tmp, /etc
# and sockets keep their paths; /usr/local stays the machine's; the rest of its /usr is /usr/host.
# All of that, and ROOT/usr itself, is read-only, so that no build can spoil it for the next.
# $BAZELW_RC, if set, becomes ROOT/usr/share/bazelrc.
set -eu
# Root may make mount namespaces; other users may in a user namespace, in which they have only their own identity.
who=
[ "$(id -u)" = 0 ] || who="--user --map-current-user --keep-caps"
# A mount is made read-only by itself, without those below it, so each of them is listed. A blank in a path
# is \040 there, which is \0040 for printf.
# shellcheck disable=SC2016,SC2086 # $who is split on purpose; the inner script has its own arguments
exec unshare $who --mount --propagation slave sh -euc '
  usr=$(cd "$1/usr" && pwd -P)
  shift
  mount --bind "$usr" "$usr"
  [ -z "${BAZELW_RC:-}" ] || mount --bind "$BAZELW_RC" "$usr/share/bazelrc"
  mount --rbind /usr "$usr/host"
  mount --rbind /usr/local "$usr/local"
  while read -r _ _ _ _ place _; do
    case $place in *\\*) place=$(printf %b "$(printf %s "$place" | sed "s/[\\]/&0/g")") ;; esac
    case $place in "$usr" | "$usr"/*) mount -o remount,bind,ro "$place" ;; esac
  done </proc/self/mountinfo
  mount --rbind "$usr" /usr
  exec "$@"
' enter.sh "$@"

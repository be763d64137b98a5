#!/bin/sh
# check.sh: report what this machine lacks for the offline Bazel, before anything slow starts.
set -eu
missing=

lacks() {
  echo "bazelw: $*" >&2
  missing=yes
}

[ "$(uname -s)" = Linux ] ||
  lacks "the offline Bazel is made of Debian packages and runs on Linux; this is $(uname -s)"
for tool in apt-get dpkg-deb flock mount unshare; do
  command -v "$tool" >/dev/null || lacks "$tool is missing (on Debian: apt, dpkg, util-linux, mount)"
done

if [ -z "$missing" ]; then
  who=
  [ "$(id -u)" = 0 ] || who="--user --map-current-user --keep-caps"
  # shellcheck disable=SC2086 # $who is split on purpose
  if ! why=$(unshare $who --mount true 2>&1); then
    lacks "this user may not make a mount namespace ($why). An administrator can allow it:
  user namespaces:   sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000
  with AppArmor:     sysctl -w kernel.apparmor_restrict_unprivileged_userns=0
  in a container:    start it with --cap-add=SYS_ADMIN --security-opt seccomp=unconfined"
  fi
fi
[ -z "$missing" ]

#!/bin/sh
# launch.sh ROOT MODULES ARGS...: Debian's Bazel in ROOT with the registry in MODULES, as `bazel ARGS...`.
#
# `bazel run` is two steps here: Bazel builds and writes a script inside, and the script runs outside, so that a target sees
# the real machine, with its docker, podman and files.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$1
modules=$2
shift 2

export BAZELW_RC="$modules/bazelrc"
unset JAVA_HOME # Bazel would use it as its own JDK

# The position of the word `run`, if it is the command: only startup options precede it.
position=0
command=
for arg; do
  position=$((position + 1))
  case $arg in -* | */*) ;; *) command=$arg && break ;; esac
done
case " $* " in *" --script_path"*) command= ;; esac
# The only locale in which Bazel handles all file names; root.sh explains why. Bazel's subprocesses do not see it.
locale=en_US.ISO-8859-1

[ "$command" = run ] || exec env LC_ALL="$locale" "$here/enter.sh" "$root" bazel "$@"

script=$(mktemp "${TMPDIR:-/tmp}/bazelw-run.XXXXXX")
trap 'rm -f "$script"' EXIT
# Put --script_path after `run`: rotate the arguments once.
count=$#
while [ "$count" -gt 0 ]; do
  arg=$1
  shift
  set -- "$@" "$arg"
  position=$((position - 1))
  count=$((count - 1))
  [ "$position" != 0 ] || set -- "$@" "--script_path=$script"
done
code=0
LC_ALL="$locale" "$here/enter.sh" "$root" bazel "$@" || code=$?
[ "$code" = 0 ] && [ -s "$script" ] || exit "$code"
trap - EXIT
# The script removes itself first, because the program it starts replaces it, and nothing else would clean up.
# shellcheck disable=SC2016 # for the script to expand
sed -i '1a rm -f -- "$0"' "$script"
exec "$script"

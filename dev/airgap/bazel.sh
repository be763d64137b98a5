#!/bin/sh
# bazel.sh CACHE CHECKOUT ARGS...: `bazel ARGS...` without Bazel's releases or the central registry.
#
# It builds its parts on the first call and keeps them in CACHE/airgap, under names that change when the
# recipe does: root-KEY, slow to make, and modules-KEY, quick.
set -eu
cache=$1/airgap
repo=$2
shift 2
here=$repo/dev/airgap

say() { echo "bazelw: $*" >&2; }
die() { say "$*"; exit 1; }

go=$(command -v go) || die "no go on PATH: install Go, the one program that the offline build cannot fetch"

# Inside, everything below /usr is hidden or read-only.
mkdir -p "$cache"
for dir in "$PWD" "$cache"; do
  case $(cd "$dir" && pwd -P)/ in /usr/*) die "$dir: a workspace or a cache cannot be below /usr here
  hint: move it, or set XDG_CACHE_HOME (see dev/airgap/README.md)" ;; esac
done

# Keys. Only module names and versions in the MODULE.bazel files matter.
key() { sha256sum | cut -c 1-12; }
root=$cache/root-$({ cat "$here/root.sh" "$here/enter.sh"; uname -m; } | key)
modules=$cache/modules-$({
  cat "$here"/*.inc "$here"/*/*/*.bzl "$here/registry.sh" "$here/offline.bazelrc"
  cat "$here/go_module.sh" "$here/go_modules.sum"
  grep -h '^bazel_dep' "$repo/MODULE.bazel" "$repo"/*/*/MODULE.bazel 2>/dev/null || true
  cat /etc/ssl/certs/ca-certificates.crt 2>/dev/null || true
  echo "$root $go"
} | key)

# make DIR COMMAND...: run `COMMAND DIR.part`, and rename. A lock is held, so that concurrent calls make only
# one; the remains of an interrupted call are made again.
make() {
  dest=$1
  shift
  (
    flock -n 9 || { say "waiting for another bazelw that prepares $cache" && flock 9; }
    [ ! -e "$dest" ] || exit 0
    rm -rf "$dest.part"
    "$@" "$dest.part" >&2 || exit 1 # it inherits the lock, and so holds it if this shell is killed
    mv "$dest.part" "$dest"
  ) 9>"$cache/lock"
}

if [ ! -e "$root" ]; then
  "$here/check.sh"
  make "$root" "$here/root.sh"
  # Older recipes left su and others in theirs, owned by root and usable by everyone. Mounted files there are not ours.
  find "$cache"/root-*/usr \( -path '*/usr/host' -o -path '*/usr/local' \) -prune -o \
    -type f -perm /6000 -exec chmod a-s {} + || say "chmod a-s: not for all of $cache"
fi
[ -e "$modules" ] || make "$modules" "$here/registry.sh" "$root" "$repo" "$modules"

exec "$here/launch.sh" "$root" "$modules" "$@"

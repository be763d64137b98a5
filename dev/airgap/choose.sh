#!/bin/sh
# choose.sh CACHE FILE: write into FILE the path of a Bazel that works here, or the word airgap.
#
# Names and addresses do not matter: a candidate works if it resolves a module from the central
# registry, with the user's own bazelrc and mirrors, within the time limit.
set -eu
cache=$1
file=$2
bazelisk=github.com/bazelbuild/bazelisk
version=v1.28.0
limit=${BAZELW_PROBE_SECONDS:-120}
repo=$(cd "$(dirname "$0")/../.." && pwd)

say() { echo "bazelw: $*" >&2; }

# decide WORD: by rename, so that no reader sees a partial word.
decide() {
  mkdir -p "$cache"
  echo "$1" >"$file.$$"
  mv "$file.$$" "$file"
  exit 0
}

probe() {
  say "trying whether $1 can fetch Bazel and modules (at most $limit s)"
  (
    cd "$probe"
    if timeout "$limit" "$1" mod graph </dev/null >"$probe/log" 2>&1; then
      timeout 60 "$1" clean --expunge </dev/null >/dev/null 2>&1 || true
      exit 0
    fi
    say "it cannot: $(grep -i -m1 -E 'error|could not|fail' "$probe/log" || tail -n 1 "$probe/log")"
    exit 1
  )
}

[ "${BAZELW_MODE:-}" != airgap ] || decide airgap

probe=$(mktemp -d "${TMPDIR:-/tmp}/bazelw-probe.XXXXXX")
trap 'rm -rf "$probe"' EXIT
cp "$repo/.bazelversion" "$probe"
cat >"$probe/MODULE.bazel" <<'MODULE'
module(name = "probe", bazel_compatibility = [">=7.7.0"])
bazel_dep(name = "platforms", version = "1.0.0")
MODULE

for name in bazelisk bazel; do
  found=$(command -v "$name") || continue
  [ "$(readlink -f "$found")" != "$repo/bazelw" ] || continue # itself, under another name
  if probe "$found"; then decide "$found"; fi
done

if command -v go >/dev/null; then
  say "no Bazel on PATH works here: building $bazelisk $version"
  if module=$(timeout "$limit" "$repo/dev/airgap/go_module.sh" "$bazelisk" "$version") &&
    (cd "$module" && GOFLAGS='-mod=readonly -buildvcs=false' GOWORK=off \
      timeout "$limit" go build -o "$cache/bin/bazelisk" .) >&2 &&
    probe "$cache/bin/bazelisk"; then
    decide "$cache/bin/bazelisk"
  fi
else
  say "no Bazel on PATH works here, and there is no Go to build bazelisk with"
fi

if [ "${BAZELW_MODE:-}" = online ]; then
  say "BAZELW_MODE=online, and neither Bazel's releases nor the central registry can be reached"
  exit 1
fi
say "from now on Bazel is made of Debian packages and Go modules; to find out again: rm '$file'"
decide airgap

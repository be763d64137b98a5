# shellcheck shell=bash
# The example built twice, with everything different that should not matter: path of the rules and the example, order of their
# directories, output base, umask, number of CPUs (and so GOMAXPROCS), time zone, locale, temporary directory. Its program,
# layers and documents are built again both times; only compiled packages of Go's standard library come from a cache. The tools
# are those of a release, which the case release compiles twice.
#
# It also runs mklayer alone: its test of all codecs and levels, each with a golden digest, on several file systems, and on other
# processors.

packages disorderfs qemu-user-static

# built DIR COMMAND...: builds the example in a copy of the release at DIR, with COMMAND before Bazel; sums are in DIR.sums.
built() {
  local dir=$1
  shift
  mkdir -p "$dir"
  cp -R "$RULES/." "$dir"
  cd "$dir/examples/hello"
  # shellcheck disable=SC2064 # the current value
  trap "'$TOP/bazelw' --output_user_root='$dir.out' shutdown" EXIT
  "$@" "$TOP/bazelw" --output_user_root="$dir.out" build --color=no --curses=no --noshow_progress \
    --output_groups=+oci_layout,+digest --execution_log_json_file="$dir.log" \
    --modify_execution_info='Mk.*=+no-cache,GoCompilePkg=+no-cache,GoLink=+no-cache' \
    //:image //:index //:archive 3>&-
  # Two layers: for this machine, and for each platform of the index.
  equal "layers from a cache, and made" "0 6" "$(
    jq -rs 'map(select(.mnemonic == "MkLayer") | .cacheHit) | "\(map(select(.)) | length) \(map(select(not)) | length)"' \
      "$dir.log"
  )"
  cd bazel-bin/
  find image.layout/ index.layout/ archive.tar image.digest index.digest -type f -exec sha256sum {} + |
    sort -k 2 >"$dir.sums"
  note "$(basename "$dir"): image $(cat image.digest), index $(cat index.digest)"
}

built_plainly() {
  built "$WORK/plain" env
}

# scrambled DIR: mounts a file system at DIR that lists a directory in a different order each time, and reports wrong sizes
# on disk.
scrambled() {
  local orders
  mkdir -p "$1" "$1.real"
  disorderfs --shuffle-dirents=yes --pad-blocks=13 "$1.real" "$1"
  touch "$1"/{a..h}
  orders=$(for _ in {1..9}; do find "$1" -type f -printf '%f ' && echo; done | sort -u | wc -l)
  [ "$orders" -gt 1 ] || fail "$1 is not scrambled"
  rm "$1"/{a..h}
}

built_strangely() {
  local cpu dir=$WORK/far/away/strange
  cpu=$(taskset --pid --cpu-list $$ | sed 's/.*: *\([0-9]*\).*/\1/')
  scrambled "$dir"
  umask 077
  mkdir "$WORK/tmp"
  built "$dir" env TZ=Asia/Kathmandu LC_ALL=POSIX TMPDIR="$WORK/tmp" GOMAXPROCS=1 taskset --cpu-list "$cpu"
}

same() {
  [ -s "$WORK/plain.sums" ]
  diff "$WORK/plain.sums" "$WORK/far/away/strange.sums"
  note "$(wc -l <"$WORK/plain.sums") files are the same"
}

# golden DIR PACKINGS: mklayer's test, with all of its inputs and outputs below DIR.
golden() {
  TMPDIR=$1 "$WORK/mklayer.test" -test.run="^TestSurroundings\$/^packings\$/$2|^TestScripts\$" -test.v >"$WORK/golden"
  note "$(grep -c -- '--- PASS: TestSurroundings/packings/' "$WORK/golden") golden digests"
}

golden_scrambled() {
  scrambled "$WORK/scrambled"
  golden "$WORK/scrambled" .
}

golden_memory() {
  mkdir "$WORK/memory"
  mount -t tmpfs -o size=2g none "$WORK/memory"
  golden "$WORK/memory" '^(none-0|gzip-6|zstd-3)$'
}

# made PROGRAM: the descriptors of layers that PROGRAM, an mklayer, makes of the checkout.
made() {
  local packing
  for packing in none:0 gzip:6 gzip:9 zstd:3 zstd:12; do
    "$@" --compression="${packing%:*}" --level="${packing#*:}" --tar="$WORK/checkout.tar" --symlink=/link=target \
      --output="$WORK/layer" --descriptor="$WORK/layer.json"
    jq -c . "$WORK/layer.json"
  done
}

# foreign GOARCH CPU: the same layers by a processor that QEMU emulates.
foreign() {
  CGO_ENABLED=0 GOARCH=$1 go build -C "$TOP" -o "$WORK/mklayer.$1" ./tools/mklayer
  made "qemu-$2-static" "$WORK/mklayer.$1" | diff "$WORK/made" -
}

natively() {
  go build -C "$TOP" -o "$WORK/mklayer" ./tools/mklayer
  git -C "$TOP" archive --output="$WORK/checkout.tar" HEAD docs tools/internal
  made "$WORK/mklayer" >"$WORK/made"
  equal "layers" 5 "$(wc -l <"$WORK/made")"
}

check "built with all CPUs, umask 022" built_plainly
check "built in another directory with one CPU, umask 077, another time zone, scrambled directories" built_strangely
check "all files of both builds are the same" same
go test -C "$TOP/tools/mklayer" -c -o "$WORK/mklayer.test"
cd "$TOP/tools/mklayer"
check "golden digests of all codecs and levels, scrambled directories" golden_scrambled
check "golden digests of the default levels, in memory" golden_memory
check "layers of this processor" natively
check "the same layers on arm64" foreign arm64 aarch64
check "the same layers on s390x, which is big-endian" foreign s390x s390x

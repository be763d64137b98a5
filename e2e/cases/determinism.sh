# shellcheck shell=bash
# The example built twice, with all that should not matter different: path of the checkout, output base, umask, number
# of CPUs (and so GOMAXPROCS), time zone. Its program, layers and documents are made anew both times; only compiled
# packages of Go's standard library come from a cache.

# checkout DIR: a copy of what git knows or would know of the working tree, with the modes that umask gives.
checkout() {
  mkdir -p "$1"
  git -C "$TOP" ls-files -z --cached --others --exclude-standard --deduplicate |
    tar --create --directory "$TOP" --null --files-from=- |
    tar --extract --directory "$1" --no-same-permissions
}

# built DIR COMMAND...: builds the example in a checkout at DIR, with COMMAND in front of Bazel; sums in DIR.sums.
built() {
  local dir=$1
  shift
  checkout "$dir"
  cd "$dir"
  # shellcheck disable=SC2064 # the value of now
  trap "cd '$dir' && ./bazelw --output_user_root='$dir.out' shutdown" EXIT
  "$@" ./bazelw --output_user_root="$dir.out" build --color=no --curses=no --noshow_progress \
    --output_groups=+oci_layout,+digest --execution_log_json_file="$dir.log" \
    --modify_execution_info='Mk.*=+no-cache,GoCompilePkg=+no-cache,GoLink=+no-cache' \
    //examples/hello:image //examples/hello:index //examples/hello:archive 3>&-
  # Two layers: for this machine, and for each platform of the index.
  equal "layers from a cache, and made" "0 6" "$(
    jq -rs 'map(select(.mnemonic == "MkLayer") | .cacheHit) | "\(map(select(.)) | length) \(map(select(not)) | length)"' \
      "$dir.log"
  )"
  cd bazel-bin/examples/hello
  find image.layout/ index.layout/ archive.tar image.digest index.digest -type f -exec sha256sum {} + |
    sort -k 2 >"$dir.sums"
  note "$(basename "$dir"): image $(cat image.digest), index $(cat index.digest)"
}

built_plainly() {
  built "$WORK/plain" env
}

built_strangely() {
  local cpu
  cpu=$(taskset --pid --cpu-list $$ | sed 's/.*: *\([0-9]*\).*/\1/')
  umask 077
  built "$WORK/far/away/strange" env TZ=Asia/Kathmandu GOMAXPROCS=1 taskset --cpu-list "$cpu"
}

same() {
  [ -s "$WORK/plain.sums" ]
  diff "$WORK/plain.sums" "$WORK/far/away/strange.sums"
  note "$(wc -l <"$WORK/plain.sums") files are the same"
}

check "built with all CPUs, umask 022" built_plainly
check "built elsewhere with one CPU, umask 077, another time zone" built_strangely
check "every file of both is the same" same

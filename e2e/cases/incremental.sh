# shellcheck shell=bash
# Actions that a build of an image of ten layers runs, and those that a change runs again, from Bazel's execution log.

cd "$E2E/walkthrough"

# package ENV: the package //ten, whose image has the environment variable NUMBER=ENV.
package() {
  mkdir -p ten
  cat >ten/BUILD.bazel <<BUILD
load("@rules_strata//rules:defs.bzl", "image", "image_layer")

[
    image_layer(
        name = "layer%d" % number,
        files = {"/data/%d" % number: "%d.txt" % number},
    )
    for number in range(10)
]

image(
    name = "image",
    env = {"NUMBER": "$1"},
    layers = [":layer%d" % number for number in range(10)],
)
BUILD
}

# contents TEXT: the ten layers' files. A new text is in no cache.
contents() {
  local number
  for number in {0..9}; do echo "$1 $number" >"ten/$number.txt"; done
}

# runs WHAT WANT: builds the image; fails unless the processes were WANT, "MNEMONIC COUNT" joined by commas.
runs() {
  local got started=$EPOCHREALTIME
  bazel build --execution_log_json_file="$WORK/log" //ten:image 2>&1 | tee "$WORK/build"
  got=$(jq -rs 'group_by(.mnemonic) | map("\(.[0].mnemonic) \(length)") | join(", ")' "$WORK/log")
  note "$1: ${got:-none}; $(grep -oE '[0-9]+ total actions?' "$WORK/build"); $((
    (${EPOCHREALTIME/./} - ${started/./}) / 1000)) ms with bazelw"
  equal "processes" "$2" "$got"
}

new_image() {
  package 1
  contents "warm $RUN" # the tools and the analysis
  bazel build //ten:image
  contents "first $RUN"
  runs "a new image of 10 layers" "MkConfig 1, MkLayer 10, MkManifest 1"
}

one_env() {
  package "$RUN"
  runs "after a change of one environment variable" "MkConfig 1, MkManifest 1"
}

one_file() {
  echo "changed $RUN" >ten/4.txt
  runs "after a change of one file in one layer" "MkConfig 1, MkLayer 1, MkManifest 1"
}

# large: the package //large, whose layer is 24 MiB in three files, with different contents in every run.
large() {
  local file
  mkdir -p large
  for file in a b c; do head -c 8M /dev/urandom >"large/$file.bin"; done
  cat >large/BUILD.bazel <<'BUILD'
load("@rules_strata//rules:defs.bzl", "image_layer")

filegroup(
    name = "files",
    srcs = glob(["*.bin"]),
)

image_layer(
    name = "layer",
    files = {"/data/": ":files"},
)
BUILD
}

# makes WORKERS FLAG...: builds the layer, which is in no cache, and fails unless that many workers of one process made it.
# Different flags restart Bazel's workers.
makes() {
  bazel build --disk_cache= --execution_log_json_file="$WORK/log" "${@:2}" //large:layer
  equal "processes and workers" "1 $1" "$(jq -rs 'map(select(.mnemonic == "MkLayer").runner)
    | "\(length) \(map(select(. == "worker")) | length)"' "$WORK/log")"
}

# held: how many files of that layer the workers have open.
held() { find /proc/[0-9]*/fd -lname '*/large/layer.tar.gz*' 2>/dev/null | wc -l; }

# A worker remembers the layer, which it keeps open, until the next one is made.
in_a_worker() {
  local workers=(--@rules_strata//rules:layer_workers --worker_sandboxing --worker_max_instances=MkLayer=1) layer again
  large
  makes 0
  layer=$(output //large:layer)
  echo "changed" >>large/a.bin
  makes 1 "${workers[@]}"
  equal "files of the layer that the worker has open" 1 "$(held)"
  echo "changed" >>large/b.bin
  makes 1 "${workers[@]}"
  equal "files of the layer that the worker has open" 1 "$(held)"
  again=$(sha256sum <"$layer")
  rm -f "$layer"
  makes 0
  equal "the layer without a worker" "$again" "$(sha256sum <"$layer")"
}

check "an image of 10 layers takes 12 processes" new_image
check "no change: no process" runs "nothing changed" ""
check "one environment variable: config and manifest" one_env
check "one file: its layer, config and manifest" one_file
check "a worker rebuilds a layer with the same bytes as a build without workers" in_a_worker
rm -rf ten large

# shellcheck shell=bash
# What a build of an image of ten layers runs, and what a change makes it run again: from Bazel's execution log.

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

# contents TEXT: the ten layers' files. A text that was never built before is in no cache.
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

check "an image of 10 layers takes 12 processes" new_image
check "nothing changed: no process" runs "nothing changed" ""
check "one environment variable: config and manifest" one_env
check "one file: its layer, config and manifest" one_file
rm -rf ten

# shellcheck shell=bash
# Actions that a build of an image of ten layers runs, and those that a change runs again, from Bazel's execution log.

cd "$E2E/walkthrough"

# package ENV: the package //ten, whose image has the environment variable NUMBER=ENV.
package() {
  mkdir -p ten
  cat >ten/BUILD.bazel <<BUILD
load("@rules_strata//rules:defs.bzl", "image", "image_layer")

package(default_visibility = ["//visibility:public"])

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

# The package //stamped: an index of the ten layers' image, whose config, manifest and index have variables, and one of an
# image without variables.
stamped_package() {
  mkdir -p stamped
  cat >stamped/BUILD.bazel <<'BUILD'
load("@rules_strata//rules:defs.bzl", "image", "image_index")

image(
    name = "image",
    annotations = {"org.opencontainers.image.revision": "{{STABLE_COMMIT|dev}}"},
    created = "{{STABLE_COMMIT_TIME|0}}",
    env = {"COMMIT": "{{STABLE_COMMIT|dev}}"},
    layers = ["//ten:layer%d" % number for number in range(10)],
)

image_index(
    name = "index",
    annotations = {"org.opencontainers.image.revision": "{{STABLE_COMMIT|dev}}"},
    images = [":image"],
)

image_index(
    name = "constant",
    images = ["//ten:image"],
)

image(
    name = "without_default",
    labels = {"commit": "{{STABLE_COMMIT}}"},
)
BUILD
  # shellcheck disable=SC2016
  printf '%s\n' '#!/bin/sh' "cat $WORK/status" >stamped/status.sh
  chmod +x stamped/status.sh
}

# stamp COMMIT COMMAND ARGS...: Bazel in a repository with that commit.
stamp() {
  printf '%s\n' "STABLE_COMMIT $1-$RUN" "STABLE_COMMIT_TIME $(date --date="2025-01-31 12:00:0$1 UTC" +%s)" >"$WORK/status"
  bazel "$2" --workspace_status_command="$PWD/stamped/status.sh" "${@:3}"
}

# with_status TARGET [FLAG...]: the actions of the rules for the target that have the workspace status among their inputs.
with_status() {
  stamp 1 aquery "${@:2}" --output=jsonproto "mnemonic('Mk.*', deps($1))" 2>"$WORK/aquery" | jq -r '
    (.pathFragments | map({(.id | tostring): .label}) | add) as $names
    | ([.artifacts[] | select($names[.pathFragmentId | tostring] == "stable-status.txt").id]) as $status
    | (.depSetOfFiles | map({(.id | tostring): .}) | add) as $sets
    | def has(id): $sets[id | tostring] | ((.directArtifactIds // []) | any(IN($status[]))) or
        ((.transitiveDepSetIds // []) | any(has(.)));
    [.actions[] | select((.inputDepSetIds // []) | any(has(.))).mnemonic] | sort | join(" ")'
}

# An image has the status among its inputs only if it is stamped and has variables.
status_inputs() {
  stamped_package
  equal "actions with the status, stamped" "MkConfig MkIndex MkManifest" "$(with_status //stamped:index --stamp)"
  equal "actions with the status, unstamped" "" "$(with_status //stamped:index)"
  equal "actions with the status, without variables" "" "$(with_status //stamped:constant --stamp)"
}

stamps() {
  local want="MkConfig 1, MkIndex 1, MkManifest 1"
  stamp 1 build --stamp //stamped:index //stamped:constant
  equal "time of creation" 2025-01-31T12:00:01Z "$(jq -r .created bazel-bin/stamped/image.config.json)"
  equal "variable" "[\"COMMIT=1-$RUN\"]" "$(jq -c .config.Env bazel-bin/stamped/image.config.json)"
  equal "annotation" "1-$RUN" "$(jq -r '.annotations[]' bazel-bin/stamped/index.index.json)"
  stamp 2 build --stamp --execution_log_json_file="$WORK/log" //stamped:index //stamped:constant
  equal "processes after a commit" "$want" \
    "$(jq -rs 'group_by(.mnemonic) | map("\(.[0].mnemonic) \(length)") | join(", ")' "$WORK/log")"
  equal "annotation" "2-$RUN" "$(jq -r '.annotations[]' bazel-bin/stamped/index.index.json)"
  layout_valid "$(build //stamped:index oci_layout)"
}

# The digest of an unstamped image does not depend on the commit, and a variable without a default is an error.
unstamped() {
  local digest
  stamp 1 build //stamped:index
  digest=$(cat bazel-bin/stamped/index.digest)
  equal "annotation" dev "$(jq -r '.annotations[]' bazel-bin/stamped/index.index.json)"
  equal "time of creation" 1970-01-01T00:00:00Z "$(jq -r .created bazel-bin/stamped/image.config.json)"
  stamp 2 build //stamped:index
  equal "digest after a commit" "$digest" "$(cat bazel-bin/stamped/index.digest)"
  if stamp 1 build //stamped:without_default 2>"$WORK/err"; then fail "a variable without a value"; fi
  contains "$WORK/err" 'STABLE_COMMIT has no value, because the build is not stamped'
  stamp 1 build --stamp //stamped:without_default
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
check "only images with variables depend on the workspace status" status_inputs
check "another commit: config, manifest and index" stamps
check "without --stamp: defaults, and the same digest for each commit" unstamped
check "a worker rebuilds a layer with the same bytes as a build without workers" in_a_worker
rm -rf ten large stamped

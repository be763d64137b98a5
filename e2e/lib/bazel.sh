# shellcheck shell=bash
# Bazel, called as a user of the checkout would. All its output is below $BAZELS. If BAZELRC is not empty, Bazel reads that file,
# too.

# bazel COMMAND ARGS...: bazelw in the workspace of the current directory, with plain output. Descriptor 3 is closed,
# because the server would keep it open, and with it the pipe of any reader of e2e/run's output.
bazel() {
  bazel-e2e "$1" --color=no --curses=no --noshow_progress "${@:2}" 3>&-
}

# bazel_install: puts the program bazel-e2e on PATH, for programs that start Bazel. A program named bazel would hide the real one
# from bazelw.
bazel_install() {
  printf '#!/bin/sh\nexec "%s" --output_user_root="%s" %s "$@"\n' "$TOP/bazelw" "$BAZELS" "${BAZELRC:+"--bazelrc='$BAZELRC'"}" \
    >"$RUN/bin/bazel-e2e"
  chmod +x "$RUN/bin/bazel-e2e"
}

# output LABEL [GROUP]: the absolute path of the only file of LABEL, or of its output group. It must be built.
output() {
  local files
  # If an index was built, the target exists in other configurations, too.
  files=$(bazel cquery --output=files ${2:+"--output_groups=$2"} "config($1, target)")
  [ "$(wc -l <<<"$files")" = 1 ] || fail "$1, output group ${2:-default}: expected one file, got: $files"
  printf '%s/%s\n' "$PWD" "$files"
}

# build LABEL [GROUP]: builds it, with its runfiles if no group is stated, and prints the path of its only file.
build() {
  bazel build ${2:+"--output_groups=$2"} "$1" >&2
  output "$@"
}

# bazel_stop DIRECTORY: stops the servers of all workspaces below DIRECTORY, and removes their outputs.
bazel_stop() {
  local base workspace pid
  for base in "$BAZELS"/*/; do
    [ -e "$base/DO_NOT_BUILD_HERE" ] || continue
    workspace=$(cat "$base/DO_NOT_BUILD_HERE")
    [[ $workspace/ = "$1"/* ]] || continue
    pid=$(cat "$base/server/server.pid.txt") && kill "$pid" && tail --pid="$pid" --sleep-interval=0.2 --follow /dev/null
    rm -rf "$base"
  done >"$RUN/bazel_stop.log" 2>&1
}

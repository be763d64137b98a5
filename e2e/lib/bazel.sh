# shellcheck shell=bash
# Bazel, called as a user of this checkout would.

# bazel COMMAND ARGS...: bazelw in the workspace of the current directory, with plain output. Descriptor 3 is closed,
# because the server would keep it open, and with it the pipe of any reader of e2e/run's output.
bazel() {
  local root=$PWD
  until [ -e "$root/MODULE.bazel" ] || [ -e "$root/WORKSPACE" ]; do root=$(dirname "$root"); done
  [ "$root" = "$TOP" ] || echo "$root" >>"$RUN/workspaces"
  "$TOP/bazelw" "$1" --color=no --curses=no --noshow_progress "${@:2}" 3>&-
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

# workspaces_stop DIRECTORY: removes the outputs of all workspaces below DIRECTORY, which are about to be deleted, and stops
# their servers.
workspaces_stop() {
  local dir
  [ -e "$RUN/workspaces" ] || return 0
  sort -u "$RUN/workspaces" | while read -r dir; do
    case $dir in
      "$1"/*) [ ! -d "$dir" ] || (cd "$dir" && "$TOP/bazelw" clean --expunge) >"$RUN/shutdown.log" 2>&1 3>&- </dev/null ;;
    esac
  done
}

# bazel_stop: stops the servers of all workspaces except the checkout's own, which its developer may be using, and keeps the
# outputs of those in the checkout.
bazel_stop() {
  local dir
  workspaces_stop "$RUN"
  [ -e "$RUN/workspaces" ] || return 0
  sort -u "$RUN/workspaces" | while read -r dir; do
    case $dir in
      "$RUN"/*) ;;
      *) (cd "$dir" && "$TOP/bazelw" shutdown) >"$RUN/shutdown.log" 2>&1 3>&- </dev/null ;;
    esac
  done
}

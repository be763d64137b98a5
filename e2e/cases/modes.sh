# shellcheck shell=bash
# The two ways to depend on rules_strata: modules, and the older WORKSPACE file. Consumers that differ only in this get the
# same image. So does a newer Bazel. The workspace of the WORKSPACE file builds the tools from source.

# built DIR
built() {
  local layout
  cd "$1"
  bazel build //...
  digest_of //:image >"$WORK/$(basename "$1").digest"
  layout=$(build //:image oci_layout)
  layout_valid "$layout"
}

# next: as Bazel 8 and 9 build by default, as far as Bazel 7 can.
next() {
  cd "$E2E/smoke"
  bazel-e2e --bazelrc="$TOP/dev/next.bazelrc" test --color=no --curses=no --noshow_progress //... 3>&-
  bazel-e2e --bazelrc="$TOP/dev/next.bazelrc" build --output_groups=digest //:image 3>&-
  cp bazel-bin/image.digest "$WORK/next.digest"
}

same() {
  cmp "$WORK/smoke.digest" "$WORK/workspace.digest"
  cmp "$WORK/smoke.digest" "$WORK/next.digest"
  note "all: $(cat "$WORK/smoke.digest")"
}

check "MODULE.bazel" built "$E2E/smoke"
check "WORKSPACE, tools from source" built "$TOP/e2e/workspace"
check "MODULE.bazel, with the flags of Bazel 8 and 9" next
check "the same digest" same

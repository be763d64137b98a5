# shellcheck shell=bash
# The two ways to depend on rules_strata: modules, and the older WORKSPACE file. Consumers that differ only in this get the
# same image.

built() {
  local layout
  cd "$E2E/$1"
  bazel build //...
  digest_of //:image >"$WORK/$1.digest"
  layout=$(build //:image oci_layout)
  layout_valid "$layout"
}

same() {
  cmp "$WORK/smoke.digest" "$WORK/workspace.digest"
  note "both: $(cat "$WORK/smoke.digest")"
}

check "MODULE.bazel" built smoke
check "WORKSPACE" built workspace
check "the same digest" same

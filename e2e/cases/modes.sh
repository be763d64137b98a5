# shellcheck shell=bash
# The two ways to depend on rules_strata: modules, and the older WORKSPACE file. Consumers that differ in nothing else
# get the same image.

built() {
  cd "$E2E/$1"
  bazel build //...
  digest_of //:image >"$WORK/$1.digest"
  layout_valid "$(build //:image oci_layout)"
}

same() {
  equal "digest" "$(cat "$WORK/bzlmod.digest")" "$(cat "$WORK/workspace.digest")"
  note "both: $(cat "$WORK/bzlmod.digest")"
}

check "MODULE.bazel" built bzlmod
check "WORKSPACE" built workspace
check "the same digest" same

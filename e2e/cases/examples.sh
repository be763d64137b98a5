# shellcheck shell=bash
# Each example as its readers have it: a module of its own, which sees only the modules that it names itself.

# builds EXAMPLE: all its targets, its tests, and no link left behind that the checkout's own builds could follow.
builds() {
  cd "$TOP/examples/$1"
  bazel test --symlink_prefix=/ //...
}

for module in "$TOP"/examples/*/MODULE.bazel; do
  example=$(basename "$(dirname "$module")")
  check "examples/$example, as a module" builds "$example"
done

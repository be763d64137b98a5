# shellcheck shell=bash
# Each example as its readers get it: a separate module, which sees only the modules that it names itself.

# builds EXAMPLE: builds and tests all its targets, without links to outputs.
builds() {
  cd "$RULES/examples/$1"
  bazel test --symlink_prefix=/ //...
}

for module in "$TOP"/examples/*/MODULE.bazel; do
  example=$(basename "$(dirname "$module")")
  check "examples/$example, as a module" builds "$example"
done

# shellcheck shell=bash
# The Starlark snippets in README.md and docs: each builds exactly as the page shows it.
#
# ../snippets/extract finds them and completes them with stand-ins for the targets they refer to. BUILD files are packages
# of one workspace and are built. MODULE.bazel and WORKSPACE files are loaded, with the extensions and repository rules that
# they call, but nothing is downloaded.

provide() {
  rm -rf "$E2E/snippets/generated"
  # A lock file with one image, whose documents are complete.
  jq '.images = {debian: .images.two}' "$TOP/tools/internal/image/lockfile/testdata/images.lock.json" \
    >"$E2E/snippets/images.lock.json"
  rm -rf "$E2E/snippets/packages"
  cp -R "$TOP"/examples/conda/{packages,pixi.lock} "$E2E/snippets"
  (cd "$TOP" && git ls-files -z README.md 'docs/*.md') |
    xargs -0 go run -C "$E2E/snippets/extract" . --repository="$TOP" --out="$E2E/snippets/generated" >"$WORK/list"
  note "$(grep -c ' ' "$WORK/list") snippets"
  sed -n 's/^not built: /not built: /p' "$WORK/list" | while read -r line; do note "$line"; done
}

build_files() {
  cd "$E2E/snippets"
  bazel build --keep_going //generated/build/...
}

# loads FILE [FLAGS]: Bazel can load rules_strata in a workspace with the file, its extensions and repository rules run,
# and the one image that is not in a registry exists.
loads() {
  local file
  file=$(basename "$1")
  mkdir -p "$WORK/alone"
  cd "$WORK/alone"
  rm -f MODULE.bazel WORKSPACE
  cp "$1" "$E2E/snippets/images.lock.json" .
  touch BUILD.bazel
  set -- "${@:2}" 'deps(@rules_strata//rules:defs)'
  # An extension runs when one of its repositories is requested, and those of the page would be downloaded.
  if grep -q '^images = ' "$file"; then
    jq '.images = {probe: .images.debian}' images.lock.json >probe.lock.json
    printf '%s\n' 'images.from_lock(lock = "//:probe.lock.json")' 'use_repo(images, "probe")' >>"$file"
    set -- "${@:1:$#-1}" "${!#} + @probe//:all"
  fi
  # The repository of an environment downloads nothing.
  if grep -qE '^(conda = |conda_from_lock)' "$file"; then
    cp "$TOP/examples/conda/pixi.lock" .
    set -- "${@:1:$#-1}" "${!#} + @env//:all"
  fi
  bazel query "$@"
}

check "the snippets are found, and all are Starlark" provide
check "BUILD files" build_files
for file in "$E2E"/snippets/generated/module/*/MODULE.bazel; do
  check "MODULE.bazel, $(basename "$(dirname "$file")")" loads "$file"
done
for file in "$E2E"/snippets/generated/workspace/*/WORKSPACE; do
  check "WORKSPACE, $(basename "$(dirname "$file")")" loads "$file" --noenable_bzlmod --enable_workspace
done

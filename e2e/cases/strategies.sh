# shellcheck shell=bash
# Layers of inputs that are or contain symlinks: sources, programs, directories that actions make, declared symlinks.
# Bazel presents them differently for each strategy, and for each cache that they come from; the layers must be the same,
# and match the build's rules.

packages jq libarchive-tools
cd "$E2E/strategies"

# made_by RUNNER FLAGS...: makes the layers again with RUNNER, and adds their digests to those in $WORK/made.
made_by() {
  rm -f bazel-bin/*.tar bazel-bin/*.layer.json
  bazel build --modify_execution_info=MkLayer=+no-cache --execution_log_json_file="$WORK/log" "${@:2}" //:layer //:layered
  equal "runner" "$1" "$(jq -rs 'map(select(.mnemonic == "MkLayer").runner) | unique | join(" ")' "$WORK/log")"
  equal "layers" 2 "$(jq -rs 'map(select(.mnemonic == "MkLayer")) | length' "$WORK/log")"
  jq -rs 'map(.digest) | join(" ")' bazel-bin/*.layer.json >"$WORK/now"
  [ -e "$WORK/made" ] || cp "$WORK/now" "$WORK/made"
  diff "$WORK/made" "$WORK/now"
}

# unmade: removes the directory that an action makes from this disk.
unmade() {
  [ ! -e bazel-bin/tree ] || chmod -R u+w bazel-bin/tree
  rm -rf bazel-bin/tree
}

# from_cache RUNNER FLAGS...: the same, with the directory from the cache in the flags.
from_cache() {
  unmade
  made_by "$@"
  equal "the directory is from a cache" true "$(jq -rs 'map(select(.mnemonic == "MakeTree").cacheHit) | join(" ")' "$WORK/log")"
}

# filled FLAGS...: a cache has the directory.
filled() {
  unmade
  bazel build "$@" //:tree
}

somewhere_else() {
  local base
  base=$(mktemp -d /dev/shm/strata.XXXXXX)
  # shellcheck disable=SC2064 # the current value
  trap "rm -rf '$base'" EXIT
  made_by "$1" --sandbox_base="$base" "${@:2}"
}

# held: the contents of the layers, as bsdtar and GNU tar extract them.
held() {
  local program
  for program in bsdtar tar; do
    mkdir "$WORK/$program"
    "$program" -x -f bazel-bin/layer.tar -C "$WORK/$program"
    "$program" -x -f bazel-bin/layered.app.tar -C "$WORK/$program"
  done
  diff --recursive --no-dereference "$WORK/bsdtar" "$WORK/tar"
  (cd "$WORK/tar" && find . -type l -printf '%P -> %l\n' | LC_ALL=C sort) >"$WORK/links"
  diff - "$WORK/links" <<'LINKS'
app/program.runfiles/_main/program -> ../../program
app/program.runfiles/_main/raw/absolute -> /usr/bin/env
app/program.runfiles/_main/raw/beside -> ../made.txt
app/program.runfiles/_main/raw/dangling -> ../no/where
app/program.runfiles/_main/raw/directory -> ../tree
declared/raw/absolute -> /usr/bin/env
declared/raw/beside -> ../made.txt
declared/raw/dangling -> ../no/where
declared/raw/directory -> ../tree
opt/program.runfiles/_main/program -> ../../program
opt/program.runfiles/_main/raw/absolute -> /usr/bin/env
opt/program.runfiles/_main/raw/beside -> ../made.txt
opt/program.runfiles/_main/raw/dangling -> ../no/where
opt/program.runfiles/_main/raw/directory -> ../tree
LINKS
  (cd "$WORK/tar" && find . -type f ! -name _repo_mapping -printf '%P ' -exec tail -n 1 {} \; | LC_ALL=C sort) >"$WORK/files"
  {
    for dir in alike/node_modules {app,opt}/program.runfiles/_main{,/node_modules}; do
      printf '%s\n' "$dir/made.txt made" "$dir/source.txt shared"
    done
    for dir in tree alike/node_modules/tree {app,opt}/program.runfiles/_main{,/node_modules}/tree; do
      printf '%s\n' "$dir"/{chain,dir/deep/file,dir/dir/file,file,real/deep/file,real/dir/file}" text" "$dir/beyond made"
    done
    printf '%s echo program\n' {app,opt}/program{,.runfiles/_main/program.sh}
    printf '%s\n' "made.txt made" "source.txt shared" "sources/beyond shared" sources/{dir/a,file,sub/a}" a"
  } | LC_ALL=C sort | diff - "$WORK/files"
}

# remote_start: a cache that Bazel uses as a real one.
remote_start() {
  go build -C "$E2E/cache" -o "$WORK/cache" .
  mkdir "$WORK/store"
  daemon remote "$WORK/cache" --dir="$WORK/store"
  await 20 grep . "$RUN/remote.log"
}

# from_remote RUNNER OUTPUTS FLAGS...: from_cache for the remote cache, from which Bazel downloads OUTPUTS.
from_remote() {
  from_cache "$1" --disk_cache= --remote_cache="grpc://$(head -n 1 "$RUN/remote.log")" --remote_download_outputs="$2" \
    --strategy=MkLayer="$1" "${@:3}"
}

remote_filled() { filled --disk_cache= --remote_cache="grpc://$(head -n 1 "$RUN/remote.log")"; }

workers=--@rules_strata//rules:layer_workers
check "linux-sandbox" made_by linux-sandbox --strategy=MkLayer=linux-sandbox
check "the layers have the contents of the inputs, and the declared links" held
check "processwrapper-sandbox" made_by processwrapper-sandbox --strategy=MkLayer=processwrapper-sandbox
check "a sandbox in another directory" somewhere_else linux-sandbox --strategy=MkLayer=linux-sandbox
check "no sandbox" made_by local --strategy=MkLayer=local
check "a worker" made_by worker $workers --strategy=MkLayer=worker
check "a worker with a sandbox" made_by worker $workers --strategy=MkLayer=worker --worker_sandboxing
check "a disk cache gets the directory" filled --disk_cache="$WORK/disk"
for strategy in linux-sandbox local; do
  check "$strategy, the directory from a disk cache" from_cache $strategy --disk_cache="$WORK/disk" \
    --strategy=MkLayer=$strategy
done
check "a remote cache starts" remote_start
check "a remote cache gets the directory" remote_filled
for outputs in all toplevel minimal; do
  check "linux-sandbox, a remote cache, download of $outputs" from_remote linux-sandbox $outputs
done
check "no sandbox, a remote cache, download of minimal" from_remote local minimal

# Last, because all tools are built again.
strip=--experimental_output_paths=strip
check "linux-sandbox, paths stripped" made_by linux-sandbox --strategy=MkLayer=linux-sandbox $strip
check "a sandbox in another directory, paths stripped" somewhere_else processwrapper-sandbox \
  --strategy=MkLayer=processwrapper-sandbox $strip
check "a worker with a sandbox, paths stripped" made_by worker $workers --strategy=MkLayer=worker --worker_sandboxing $strip
check "a worker with a sandbox, a remote cache, paths stripped" from_remote worker minimal $workers --worker_sandboxing $strip
daemon_stop remote

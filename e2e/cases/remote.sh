# shellcheck shell=bash
# Remote execution and a remote cache: every kind of action runs on a service that provides nothing but the declared
# inputs, and gives the outputs of a local build; another checkout finds all of them; and small changes move few bytes.
#
# The service is ../cache. In its root, which has only /dev/null, no Go compiler can run: the tools are those of a release.

packages jq openssl skopeo
workspace=$WORK/first/workspace
policy=--@rules_strata//rules:policy=//:policy

# kinds: the mnemonics of all actions that the rules declare.
kinds() { grep -rhoE '"Mk[A-Z][A-Za-z]+"' "$TOP/rules/private" | tr -d '"' | sort -u; }

# python: a Conda package, because conda_layers reads the version of a Python.
python() {
  mkdir -p "$WORK"/python/{bin,lib/python3.11/site-packages}
  echo python >"$WORK/python/bin/python3.11"
  "$WORK/condapack" --name=python --version=3.11.0 --site-packages=lib/python3.11/site-packages \
    "$WORK/python" "$WORK/channel"
  cp "$WORK/channel/linux-64/python-3.11.0-0.conda" "$E2E/conda/packages/sample_noarch_python-1.0-py_0.conda" packages
  {
    printf '# platform: linux-64\n@EXPLICIT\n'
    for name in linux-64/python-3.11.0-0 noarch/sample_noarch_python-1.0-py_0; do
      printf 'https://conda.example/%s.conda#sha256:%s\n' "$name" \
        "$(sha256sum <"packages/${name#*/}.conda" | cut -d ' ' -f 1)"
    done
  } >packages/explicit.txt
  echo 'exports_files(glob(["*"]))' >packages/BUILD.bazel
}

# base: an image from Podman with a layer of more than 3 MB, in each format, and in a registry.
base() {
  mkdir base
  base_root "$WORK/root.tar"
  mkdir -p "$WORK/root/usr/share"
  head -c 3000000 /dev/urandom >"$WORK/root/usr/share/random"
  tar --append --owner=0 --group=0 --numeric-owner --file "$WORK/root.tar" --directory "$WORK/root" ./usr
  podman import --change 'CMD ["/bin/sh"]' "$WORK/root.tar" localhost/remote-base:latest
  podman save --format oci-archive --output base/oci.tar localhost/remote-base:latest
  podman save --format docker-archive --output base/docker.tar localhost/remote-base:latest
  podman save --format oci-dir --output base/layout localhost/remote-base:latest
  gzip -k base/oci.tar
  registry_start remote
  skopeo copy --dest-tls-verify=false oci-archive:base/oci.tar "docker://$(cat "$RUN/remote.address")/team/base:1"
  go run -C "$TOP" ./tools/lock add --lock="$PWD/images.lock.json" locked "$(cat "$RUN/remote.address")/team/base:1"
}

# odd: the inputs of ../strategies, and some more.
odd() {
  cp -R "$E2E/strategies" odd
  rm -f odd/MODULE.bazel odd/.bazelrc odd/bazel-*
  mkdir odd/more
  : >odd/more/empty
  echo text | tee "odd/more/a \$b #c 'd" "odd/more/=x,y" "odd/more/-- ü" >odd/more/plain
  printf '#!/bin/sh\n' >odd/more/run
  chmod 0755 odd/more/run
  chmod 0400 odd/more/plain
  cat >>odd/BUILD.bazel <<'BUILD'

filegroup(
    name = "more_files",
    srcs = glob(["more/**"]),
)

image_layer(
    name = "more",
    files = {
        "/copy": "more/run",
        "/more/": ":more_files",
    },
    modes = {"/copy": "0640"},
)
BUILD
}

prepare() {
  go build -C "$E2E/cache" -o "$WORK/cache" .
  go build -C "$E2E/condapack" -o "$WORK/condapack" .
  mkdir -p "$WORK/first" "$WORK/store"
  cp -R "$E2E/remote" "$workspace"
  cd "$workspace"
  sed -i "s,\"\.\./\.\.\",\"$RULES\"," MODULE.bazel
  mkdir data packages
  head -c 1000000 /dev/urandom >data/a
  head -c 1000000 /dev/urandom >data/b
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=remote \
    -keyout "$WORK/key.pem" -out data/certificate.pem
  python
  base
  odd
  daemon service "$WORK/cache" --dir="$WORK/store" --execute
  await 20 grep . "$RUN/service.log"
  head -n 1 "$RUN/service.log" >"$WORK/address"
}

# built ARGS...: builds everything in the workspace again, and lists the outputs with their digests in $WORK/outputs.
built() {
  cd "$workspace"
  bazel clean
  bazel build --disk_cache= --sandbox_add_mount_pair="$RULES" --remote_download_outputs=all \
    --execution_log_json_file="$WORK/log" --output_groups=+oci_layout,+archive,+reference,+digest,+descriptor \
    "$policy" "$@" //...
  (cd bazel-bin/ && find . -name '*.runfiles*' -prune -o -type f ! -name '*.params' -print0 | sort -z |
    xargs -0 sha256sum) >"$WORK/outputs"
}

locally() {
  built --spawn_strategy=linux-sandbox
  equal "actions" "$(kinds)" "$(jq -r 'select(.mnemonic | startswith("Mk")).mnemonic' "$WORK/log" | sort -u)"
  mv "$WORK/outputs" "$WORK/expected"
}

# remotely ARGS...: the same outputs, from the service. MakeTree and Genrule are not ours: they need a shell.
remotely() {
  local executed
  executed=$(grep -c '^execute ' "$RUN/service.log") || true
  built --remote_executor="grpc://$(cat "$WORK/address")" --spawn_strategy=remote --noremote_local_fallback \
    --strategy=MakeTree=local --strategy=Genrule=local "$@"
  jq -r 'select(.mnemonic | startswith("Mk")) | .runner' "$WORK/log" | sort | uniq -c >"$WORK/runners"
  diff "$WORK/expected" "$WORK/outputs"
  equal "actions" "$(kinds)" "$(jq -r 'select(.mnemonic | startswith("Mk")).mnemonic' "$WORK/log" | sort -u)"
  lacks "$WORK/runners" "sandbox"
  lacks "$WORK/runners" "local"
  lacks "$WORK/runners" "worker"
  note "$(paste -sd ' ' "$WORK/runners"), $(($(grep -c '^execute ' "$RUN/service.log") - executed)) executed"
}

# elsewhere COMMAND ARGS...: Bazel in another checkout of the workspace and of the rules, which has no outputs, with another
# home, umask and time zone, and with the service as a cache only. Bazel downloads only what local actions need.
elsewhere() {
  (
    cd "$WORK/second/here"
    umask 077
    env HOME="$WORK/home" XDG_CACHE_HOME="${XDG_CACHE_HOME:-$HOME/.cache}" TZ=Asia/Kathmandu \
      bazel-e2e "$1" --color=no --curses=no --noshow_progress --disk_cache= \
      --remote_cache="grpc://$(cat "$WORK/address")" --remote_download_minimal --sandbox_add_mount_pair="$WORK/second" \
      --execution_log_json_file="$WORK/log" "${@:2}" 3>&-
  )
}

# moved: the log of what the service read and wrote since the last call.
moved() {
  local lines
  lines=$(cat "$WORK/lines")
  wc -l <"$RUN/service.log" >"$WORK/lines"
  tail -n "+$((lines + 1))" "$RUN/service.log" >"$WORK/moved"
}

# sum KIND...: the bytes of these kinds of lines in $WORK/moved.
sum() { grep -E "^($(tr ' ' '|' <<<"$*")) " "$WORK/moved" | awk '{ sum += $NF } END { print sum + 0 }'; }

# bytes: what was uploaded and downloaded.
bytes() { echo "$(sum write result) bytes up, $(sum read found) bytes down"; }

# layers_read: the lines in $WORK/moved of reads of layers.
layers_read() { grep '^read ' "$WORK/moved" | grep -F -f "$WORK/layers" || [ $? = 1 ]; }

# ran: the mnemonics of the actions that were run.
ran() { jq -r 'select(.cacheHit | not) | .mnemonic' "$WORK/log" | sort | paste -sd ' '; }

second() {
  mkdir -p "$WORK/second" "$WORK/home"
  cp -R "$workspace" "$WORK/second/here"
  rm -f "$WORK/second/here"/bazel-*
  cp -R "$RULES" "$WORK/second/rules_strata"
  sed -i "s,\"$RULES\",\"$WORK/second/rules_strata\"," "$WORK/second/here/MODULE.bazel"
  find "$workspace/bazel-bin/" -name '*.layer.json' -exec jq -r .digest {} + | cut -d : -f 2 | sort -u >"$WORK/layers"
  jq -r '.layers[].digest' "$workspace"/bazel-bin/base_*.manifest.json | cut -d : -f 2 | sort -u >>"$WORK/layers"
  [ "$(wc -l <"$WORK/layers")" -gt 8 ]
  echo 0 >"$WORK/lines"
  moved
  elsewhere build "$policy" //...
  moved
  equal "actions that were run" "" "$(ran | sed -E 's/MakeTree|Genrule| //g')"
  equal "reads of layers" "" "$(layers_read)"
  note "another checkout: $(jq -r 'select(.cacheHit) | .mnemonic' "$WORK/log" | wc -l) hits, $(bytes)"
}

# The tools are files of the workspace here.
variable() {
  sed -i 's/"GREETING": "hello"/"GREETING": "good day"/' "$WORK/second/here/BUILD.bazel"
  elsewhere build //:image
  moved
  equal "actions" "MkConfig MkManifest" "$(ran)"
  equal "reads of layers" "" "$(layers_read)"
  note "another variable: $(bytes)"
  [ "$(($(sum write result) + $(sum read found)))" -le 20000 ]
}

# One job at a time: otherwise Bazel may start the same action for another configuration before its result is in the cache.
one_file() {
  local build=(build --jobs=1 --experimental_output_paths=strip //:built //:index //:image)
  elsewhere "${build[@]}"
  head -c 1000000 /dev/urandom >"$WORK/second/here/data/a"
  moved
  elsewhere "${build[@]}"
  moved
  equal "layers that were built" "1" "$(ran | tr ' ' '\n' | grep -c MkLayer)"
  equal "large blobs that were written" "1" "$(awk '$1 == "write" && $4 > 100000' "$WORK/moved" | wc -l)"
  equal "reads of layers" "" "$(layers_read)"
  note "another file: $(ran); $(bytes)"
}

# The layers of a base are read in its archive or its layout, wherever the build ran. Only one of the other layers is not on
# this disk.
base_in_place() {
  local image address
  address=$(cat "$RUN/remote.address")
  for image in "" _docker _layout; do
    sed -i "/name = \"push\"/,/)/ s/\":image[a-z_]*\"/\":image$image\"/" "$WORK/second/here/BUILD.bazel"
    elsewhere run --@rules_strata//rules:remote_cache="grpc://$(cat "$WORK/address")" //:push -- \
      --repository="$address/team/app$image"
    moved
    skopeo copy --src-tls-verify=false "docker://$address/team/app$image:latest" "dir:$WORK/pushed$image"
    jq -r '.layers[].digest' "$WORK/pushed$image/manifest.json" | cut -d : -f 2 >"$WORK/layers"
    equal "layers" 3 "$(wc -l <"$WORK/layers")"
    equal "reads of layers" "$(tail -n 1 "$WORK/layers")" "$(layers_read | cut -d ' ' -f 3)"
    note "a push: $(bytes)"
  done
}

check "a workspace with all kinds of actions, and a service" prepare
check "a local build" locally
check "remote execution: the outputs of the local build" remotely
check "the same with stripped paths and the flag for workers" remotely --experimental_output_paths=strip \
  --@rules_strata//rules:layer_workers
check "another checkout finds everything in the cache, and reads no layer" second
check "an environment variable changes: two documents" variable
check "a file changes: one layer" one_file
check "a push reads the layers of an imported base in its source" base_in_place
daemon_stop service

# shellcheck shell=bash
# image_load into private Docker, Podman and containerd engines: only the missing layers are sent, and a container of the
# image finds its files whichever layers were sent.

cd "$E2E/walkthrough"
name=localhost/load:latest

# package TEXT: the package //engines: an image of four layers, one with TEXT and one large layer, and an index. It cannot
# be called "load": //:load is a file among the outputs, which must not contain a directory of that name.
package() {
  mkdir -p engines
  cp /bin/busybox engines/busybox
  echo "$1" >engines/text
  [ -e engines/large ] || head -c 200000000 /dev/urandom >engines/large
  cat >engines/BUILD.bazel <<'BUILD'
load("@rules_strata//rules:defs.bzl", "image", "image_index", "image_layer", "image_load")

image_layer(
    name = "busybox_layer",
    files = {"/bin/busybox": "busybox"},
    symlinks = {"/bin/%s" % program: "busybox" for program in ["cat", "md5sum", "sh"]},
)

image_layer(
    name = "name_layer",
    files = {"/name": "BUILD.bazel"},
)

image_layer(
    name = "large_layer",
    compression = "none",
    files = {"/large": "large"},
)

[
    image_layer(
        name = "text_" + compression,
        compression = compression,
        files = {"/text": "text"},
    )
    for compression in ["gzip", "none"]
]

[
    image(
        name = "%s_%s" % (compression, architecture),
        allow_any_architecture = True,  # nothing runs the other architecture's busybox
        architecture = architecture,
        cmd = ["/bin/cat", "/text"],
        layers = [":busybox_layer", ":name_layer", ":large_layer", ":text_" + compression],
        os = "linux",
    )
    for compression in ["gzip", "none"]
    for architecture in ["amd64", "arm64"]
]

image_index(
    name = "index",
    images = [":gzip_arm64", ":gzip_amd64"],
)

[
    image_load(
        name = name,
        args = ["--name=localhost/load:from-args"] if name == "names" else [],
        image = image,
        repo_tags = ["localhost/load:latest"],
    )
    for name, image in {
        "index_load": ":index",
        "load": ":gzip_amd64",
        "names": ":gzip_amd64",
        "packed_otherwise": ":none_amd64",
    }.items()
]
BUILD
}

# architecture: this machine's, as a GOARCH value.
architecture() { dpkg --print-architecture; }

# loaded ENGINE WANT [TARGET [ARGS...]]: loads //engines:TARGET and prints the name. WANT states how many of the image's
# layers were present, as "N of M", one line per attempt.
loaded() {
  local had
  bazel run "//engines:${3:-load}" -- --engine="$1" "${@:4}" >"$WORK/out" 2>"$WORK/err" || fail "$(cat "$WORK/err")"
  contains "$WORK/out" "$name"
  had=$(sed -n "s/^sha256:[0-9a-f]*: $1 has \(.*\) layers, sending .*/\1/p" "$WORK/err" | paste -sd ,)
  equal "layers that $1 had" "$2" "$had"
}

# containerd_forget, ...: removes the image, and all unnamed images, from the engine. containerd keeps the content of an
# interrupted load for a day with a lease.
containerd_forget() {
  local lease
  for lease in $(ctr leases ls --quiet); do ctr leases rm "$lease"; done
  ctr images rm --sync "$1"
}
docker_forget() { docker rmi --force "$1" && docker image prune --force; }
podman_forget() { podman rmi --force "$1" && podman image prune --force; }

# prints ENGINE: a container prints the contents of engines/text, and has the complete large file.
prints() {
  equal "output of a container" "$(cat engines/text)" "$("$1_run" "$name" /bin/cat /text)"
  equal "the large file" "$(md5sum <engines/large)" "$("$1_run" "$name" /bin/sh -c 'md5sum </large')"
}

cold() {
  package "first $RUN"
  loaded "$1" "$2"
  contains "$WORK/err" "$(digest_of //engines:gzip_amd64): $1 has"
  prints "$1"
}

unchanged() {
  local started=$EPOCHREALTIME
  bazel-bin/engines/load --engine="$1" >"$WORK/out" 2>"$WORK/err"
  note "$1: an unchanged image of 200 MB in $(((${EPOCHREALTIME/./} - ${started/./}) / 1000)) ms"
  contains "$WORK/err" "has 4 of 4 layers, sending 0.0 MB"
  equal "standard output" "$name" "$(cat "$WORK/out")"
  prints "$1"
}

one_changed() {
  package "second $RUN"
  loaded "$1" "3 of 4"
  prints "$1"
}

# interrupt ENGINE SIGNAL: starts a load of 200 MB and sends the signal when it begins to send. Fails if the load was done first.
interrupt() {
  local pid status=0
  head -c 200000000 /dev/urandom >engines/large
  bazel build //engines:load
  set -m # otherwise background jobs ignore SIGINT
  bazel-bin/engines/load --engine="$1" >"$WORK/out" 2>"$WORK/err" &
  pid=$!
  set +m
  # The load takes a second or less, so this looks more often than await does.
  until grep -q sending "$WORK/err" || ! kill -0 "$pid" 2>/dev/null; do sleep 0.01; done
  kill "-$2" "$pid" || true
  wait "$pid" || status=$?
  [ "$status" != 0 ]
}

# interrupted ENGINE SIGNAL: a killed load leaves the existing image intact, and can be repeated.
interrupted() {
  local before tries=0
  before=$("$1_run" "$name")
  package "third $RUN $2"
  # On a busy machine, the signal may come too late.
  until interrupt "$1" "$2"; do
    tries=$((tries + 1))
    [ "$tries" -lt 5 ] || fail "the load was done before it could be interrupted"
    before=$("$1_run" "$name")
  done
  equal "what an interrupted load printed" "" "$(cat "$WORK/out")"
  equal "output of a container after an interrupted load" "$before" "$("$1_run" "$name")"
  bazel run //engines:load -- --engine="$1"
  prints "$1"
}

forgotten() {
  "$1_forget" "$name"
  loaded "$1" "0 of 4"
  prints "$1"
}

# Docker needs the layers below, Podman identifies an unpacked layer by its diff ID, and containerd stores blobs unchanged.
packed_otherwise() {
  bazel run //engines:load -- --engine="$1"
  loaded "$1" "$2" packed_otherwise
  prints "$1"
}

native() {
  local foreign=arm64
  [ "$(architecture)" = amd64 ] || foreign=amd64
  package "fifth $RUN"
  bazel run //engines:index_load -- --engine="$1"
  prints "$1"
  bazel run //engines:index_load -- --engine="$1" --platform="linux/$foreign" --name=localhost/load:foreign
  case $1 in
    containerd) ctr images ls name==localhost/load:foreign | tee "$WORK/foreign" ;;
    *) "$1" image inspect localhost/load:foreign >"$WORK/foreign" ;;
  esac
  contains "$WORK/foreign" "$foreign"
}

names() {
  bazel run //engines:names -- --engine="$1" --name=load-e2e >"$WORK/out"
  printf '%s\n' "$name" localhost/load:from-args docker.io/library/load-e2e:latest >"$WORK/want"
  diff "$WORK/want" "$WORK/out"
  loaded "$1" "4 of 4" names --name=load-e2e # in one attempt
  while read -r name; do prints "$1"; done <"$WORK/want"
}

namespaces() {
  loaded containerd "0 of 4" load --namespace=k8s.io
  loaded containerd "4 of 4" load --namespace=k8s.io
  CONTAINERD_NAMESPACE=k8s.io prints containerd
}

to_file() {
  local want
  want=$(digest_of //engines:gzip_amd64)
  (cd engines && bazel run //engines:load -- --archive=image.tar --engine=docker) >"$WORK/out"
  equal "standard output" "$PWD/engines/image.tar" "$(cat "$WORK/out")"
  archive_valid engines/image.tar
  equal "digest in the archive" "$want" "$(skopeo inspect oci-archive:engines/image.tar | jq -r .Digest)"
  bazel run //engines:load -- --archive=- >"$WORK/piped"
  cmp engines/image.tar "$WORK/piped"
  docker_forget "$name"
  docker load <"$WORK/piped"
  prints docker
}

# from_registry ENGINE: the text's layer is now a base's, and only in a registry. It is fetched once.
from_registry() {
  local address flags descriptor
  address=$(cat "$RUN/far.address")
  package "sixth $RUN $1"
  skopeo copy --dest-tls-verify=false "oci:$(build //engines:gzip_amd64 oci_layout)" "docker://$address/team/base"
  descriptor=$(build //engines:text_gzip descriptor)
  jq -c --arg source "$address/team/base" '.sources = [$source]' "$descriptor" >"$WORK/far.json"
  bazel build //engines:load
  sed "s,%runfiles%,$PWD/bazel-bin/engines/load.runfiles,; s,^'--layer=.*text_gzip.*,--remote-layer=$WORK/far.json," \
    bazel-bin/engines/load.args >"$WORK/flags"
  contains "$WORK/flags" --remote-layer
  for flags in "3 of 4" "4 of 4"; do
    "$RUN/bin/strata-load" "@$WORK/flags" --engine="$1" 2>"$WORK/err"
    contains "$WORK/err" "$1 has $flags layers"
    prints "$1"
  done
  equal "requests for the blob" 1 "$(grep -c "GET /v2/team/base/blobs/$(jq -r .digest "$descriptor")" "$RUN/far.log")"
}

check "a Docker daemon starts" docker_start
check "containerd starts" containerd_start
check "a registry starts" registry_start far
go build -C "$TOP" -o "$RUN/bin/strata-load" ./tools/load
for engine in docker podman containerd; do
  check "$engine: a new image" cold "$engine" "0 of 4"
  check "$engine: an unchanged image sends nothing" unchanged "$engine"
  check "$engine: only the changed layer is sent" one_changed "$engine"
  check "$engine: interrupted by the user, and repeated" interrupted "$engine" INT
  check "$engine: killed, and repeated" interrupted "$engine" KILL
  check "$engine: layers that were removed are sent again" forgotten "$engine"
  check "$engine: the image of an index for this platform, and for another one" native "$engine"
  check "$engine: several names" names "$engine"
  check "$engine: a layer that is only in a registry" from_registry "$engine"
done
check "docker: an existing layer with another compression" packed_otherwise docker "4 of 4"
check "podman: an existing layer with another compression" packed_otherwise podman "4 of 4"
check "containerd: an existing layer with another compression" packed_otherwise containerd "3 of 4"
check "containerd: a separate namespace" namespaces
check "an archive in a file and on standard output" to_file
rm -rf engines

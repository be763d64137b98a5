# shellcheck shell=bash
# The walk-through: a base image that Podman made, one more file, another command; into Podman, into Docker, to a registry
# and back.

cd "$E2E/walkthrough"
name=localhost/my-alpine:latest

# forget ENGINE: removes the image, so that the next run uses the image loaded next.
forget() {
  "$1" image inspect "$name" >"$WORK/inspect" 2>&1 || return 0
  "$1" rmi --force "$name"
}

# lists_file ENGINE: the container's command is ours, and its root has our file beside the base's.
lists_file() {
  "$1_run" "$name" >"$WORK/listing"
  for entry in bin etc some-file var; do
    grep -qx "$entry" "$WORK/listing" || fail "no $entry in: $(cat "$WORK/listing")"
  done
  equal "/some-file in $1" "Hello world!" "$("$1_run" "$name" /bin/cat /some-file)"
}

loads() {
  local engine=$1 archive
  archive=$(build "//:archive_$2")
  archive_valid "$archive" 1
  forget "$engine"
  "$engine" load --input "$archive" >"$WORK/loaded"
  equal "$engine load" "Loaded image: $name" "$(cat "$WORK/loaded")"
  lists_file "$engine"
}

runs_load() {
  local digest
  digest=$(digest_of //:my_alpine_oci_archive)
  forget "$1"
  bazel run //:load -- --engine="$1" >"$WORK/loaded" 2>"$WORK/log"
  equal "standard output" "$name" "$(cat "$WORK/loaded")"
  contains "$WORK/log" "$digest"
  lists_file "$1"
}

# The environment variable chooses too, and the other engine stays unchanged.
chooses_engine() {
  forget docker
  forget podman
  STRATA_ENGINE=podman bazel run //:load
  lists_file podman
  if docker image inspect "$name"; then fail "$name is in Docker, too"; fi
}

comes_back() {
  local address digest layout
  address=$(cat "$RUN/registry.address")
  digest=$(digest_of //:my_alpine_oci_archive)
  bazel run //:push -- --insecure --repository="$address/my-alpine" >"$WORK/pushed"
  contains "$WORK/pushed" "$digest"
  image-check --lenient-layers=1 --insecure --registry="$address/my-alpine:latest"
  skopeo copy --src-tls-verify=false "docker://$address/my-alpine:latest" "oci:$WORK/back:latest"
  equal "the digest after push and pull" "$digest" "$(jq -r '.manifests[0].digest' "$WORK/back/index.json")"
  layout=$(build //:my_alpine_oci_archive oci_layout)
  diff --recursive "$layout/blobs" "$WORK/back/blobs"
}

# The base's layers and config are Podman's, bit for bit.
keeps_base() {
  local digest config layout
  layout=$(build "//:my_alpine_layout" oci_layout)
  digest=$(jq -r '.manifests[0].digest' base/layout/index.json)
  jq -r '.layers[].digest' "base/layout/blobs/${digest/:/\/}" | while read -r blob; do
    cmp "base/layout/blobs/${blob/:/\/}" "$layout/blobs/${blob/:/\/}"
  done
  config=$(build "//:base_layout" config)
  cmp "$config" "base/layout/blobs/$(jq -r '.config.digest' "base/layout/blobs/${digest/:/\/}" | tr : /)"
  equal "the digest of the imported image" "$digest" "$(digest_of //:base_layout)"
}

check "Podman and Docker make and save a base image" base_provide
check "a registry starts" registry_start registry
for base in oci_archive podman_docker_archive docker_archive layout; do
  check "podman load and run, base from $base" loads podman "$base"
  check "docker load and run, base from $base" loads docker "$base"
done
check "bazel run //:load, into Podman" runs_load podman
check "bazel run //:load, into Docker" runs_load docker
check "STRATA_ENGINE chooses the engine" chooses_engine
check "bazel run //:push, skopeo copy back: the same digest" comes_back
check "an imported base keeps its bytes" keeps_base

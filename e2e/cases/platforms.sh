# shellcheck shell=bash
# Indexes of other programs, imported byte for byte, as bases and inside other indexes; images for fixed platforms.

cd "$E2E/platforms"

# base_make: base/layout, an index that Podman made, for amd64, arm64 and s390x, with an attestation as BuildKit adds it.
base_make() {
  local arch layout=$WORK/layout config layer manifest index old
  base_root "$WORK/root.tar"
  podman manifest create localhost/base:all
  for arch in amd64 arm64 s390x; do
    mkdir "$WORK/$arch"
    tar --extract --file "$WORK/root.tar" --directory "$WORK/$arch"
    echo "$arch" >"$WORK/$arch/etc/architecture"
    tar --create --owner=0 --group=0 --numeric-owner --file "$WORK/$arch.tar" --directory "$WORK/$arch" .
    podman import --os linux --arch "$arch" "$WORK/$arch.tar" "localhost/base:$arch"
    podman manifest add localhost/base:all "containers-storage:localhost/base:$arch"
  done
  podman manifest push --all --format oci localhost/base:all "dir:$WORK/dir"
  skopeo copy --all "dir:$WORK/dir" "oci:$layout"

  layer=$(blob_add '{"_type":"https://in-toto.io/Statement/v1"}' application/vnd.in-toto+json)
  config=$(blob_add '{"os":"unknown","architecture":"unknown"}' application/vnd.oci.image.config.v1+json)
  manifest=$(blob_add "$(jq -nc --argjson c "$config" --argjson l "$layer" \
    '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: $c, layers: [$l]}')" \
    application/vnd.oci.image.manifest.v1+json)
  old=$layout/blobs/sha256/$(jq -r '.manifests[0].digest | sub("sha256:"; "")' "$layout/index.json")
  index=$(blob_add "$(jq -c --argjson m "$manifest" '.manifests += [$m + {platform: {os: "unknown", architecture: "unknown"},
    annotations: {"vnd.docker.reference.type": "attestation-manifest"}}]' "$old")" application/vnd.oci.image.index.v1+json)
  rm "$old"
  jq -nc --argjson i "$index" '{schemaVersion: 2, manifests: [$i]}' >"$layout/index.json"
  jq -r .digest <<<"$index" >"$WORK/digest"
  rm -rf base
  mkdir base
  cp -R "$layout" base/layout
}

# blob_add TEXT TYPE: adds a blob to the layout and prints its descriptor.
blob_add() {
  local digest
  digest=$(printf %s "$1" | sha256sum | cut -d ' ' -f 1)
  printf %s "$1" >"$WORK/layout/blobs/sha256/$digest"
  jq -nc --arg t "$2" --arg d "sha256:$digest" --argjson s "$(printf %s "$1" | wc -c)" '{mediaType: $t, digest: $d, size: $s}'
}

# Nothing changes: neither by the import, nor in a layout, an archive or a registry.
imports() {
  local address archive layout
  equal "digest" "$(cat "$WORK/digest")" "$(digest_of //:base)"
  layout=$(build //:base oci_layout)
  equal "digest in the layout" "$(cat "$WORK/digest")" "$(jq -r '.manifests[0].digest' "$layout/index.json")"
  diff -r "$WORK/layout/blobs" "$layout/blobs"
  archive=$(build //:base_archive)
  for arch in amd64 arm64 s390x; do
    equal "architecture" "$arch" "$(skopeo --override-arch "$arch" inspect "oci-archive:$archive" | jq -r .Architecture)"
  done
  address=$(cat "$RUN/registry.address")
  bazel run //:push_base -- --insecure --repository="$address/base"
  equal "digest in the registry" "$(cat "$WORK/digest")" \
    "sha256:$(skopeo inspect --raw --tls-verify=false "docker://$address/base:latest" | sha256sum | cut -d ' ' -f 1)"
  skopeo copy --all --src-tls-verify=false "docker://$address/base:latest" "oci:$WORK/back"
}

# base_layer ARCH: digest of the base's layer for the architecture.
base_layer() { skopeo --override-arch "$1" inspect "oci:$WORK/layout" | jq -r '.Layers[0]'; }

# on_base LAYOUT ARCH: the image in the layout is for the architecture, and so is its base.
on_base() {
  equal "architecture" "$2" "$(skopeo --override-arch "$2" inspect "oci:$1" | jq -r .Architecture)"
  equal "base" "$(base_layer "$2")" "$(skopeo --override-arch "$2" inspect "oci:$1" | jq -r '.Layers[0]')"
}

chooses_base() {
  local layout arch
  layout=$(build //:index oci_layout)
  layout_valid "$layout" 1
  for arch in amd64 arm64; do on_base "$layout" "$arch"; done
  equal "platforms" "linux/amd64/ linux/amd64/v3 linux/arm64/" "$(platforms "$layout")"
  layout=$(build //:above_index oci_layout)
  for arch in amd64 arm64; do on_base "$layout" "$arch"; done
  equal "platforms" "linux/amd64/ linux/arm64/" "$(platforms "$layout")"
}

# platforms LAYOUT: the platforms in the layout's index.
platforms() {
  local index
  index=$1/blobs/sha256/$(jq -r '.manifests[0].digest | sub("sha256:"; "")' "$1/index.json")
  jq -r '[.manifests[].platform | "\(.os)/\(.architecture)/\(.variant // "")"] | join(" ")' "$index"
}

fixed() {
  on_base "$(build //:image_arm64 oci_layout)" arm64
  equal "kind" application/vnd.oci.image.manifest.v1+json \
    "$(jq -r '.manifests[0].mediaType' "$(build //:image_arm64 oci_layout)/index.json")"
  on_base "$(build //:forwarded_archive oci_layout)" arm64
}

flattens() {
  local address layout
  layout=$(build //:flat oci_layout)
  equal "platforms" "linux/amd64/ linux/arm64/ linux/s390x/ unknown/unknown/ linux/arm/v6 linux/arm/v7 linux/riscv64/" \
    "$(platforms "$layout")"
  address=$(cat "$RUN/registry.address")
  bazel run //:push_flat -- --insecure --repository="$address/flat"
  docker pull "$address/flat:latest"
  equal "what Docker pulls" amd64 "$(docker image inspect --format '{{.Architecture}}' "$address/flat:latest")"
  podman pull --tls-verify=false --arch riscv64 "$address/flat:latest"
  equal "what Podman pulls" riscv64 "$(podman image inspect --format '{{.Architecture}}' "$address/flat:latest")"
  skopeo copy --all --src-tls-verify=false "docker://$address/flat:latest" "oci:$WORK/flat"
}

runs() {
  bazel run //:load -- --engine="$1"
  equal "output" "amd64
$(cat greeting.txt)" "$("$1_run" localhost/above:latest)"
}

# The errors list the platforms, or name the attribute.
refuses() {
  if bazel build --platforms=//:riscv64 //:image >"$WORK/refused" 2>&1; then fail "no failure"; fi
  contains "$WORK/refused" "//:image: the index @@//:base has no image for linux/riscv64, only for linux/amd64, linux/arm64."
  if bazel build //:selected >"$WORK/selected" 2>&1; then fail "no failure"; fi
  contains "$WORK/selected" "image selected: attribute platform: a select cannot choose the platform"
}

check "Podman makes an index" base_make
check "a registry starts" registry_start registry
check "an imported index keeps its bytes" imports
check "the base is the image for the target platform" chooses_base
check "images for a fixed platform" fixed

check "a Docker daemon starts" docker_start
check "the images of indexes in an index, in Docker, Podman and skopeo" flattens
for engine in docker podman; do
  check "the image runs in $engine" runs "$engine"
done
check "errors for wrong platforms" refuses
rm -rf base

# shellcheck shell=bash
# Lazy pulling, with SOCI's own library: it lists a layer as our zTOC does, and reads every file through the zTOC. Push, layout
# and archive contain the SOCI manifests and the zTOCs.

packages gcc libc6-dev zlib1g-dev
cd "$E2E/soci"

provide() {
  go build -o "$RUN/bin/soci" .
  registry_start soci
  # Bazel shows the notices of an action only when it makes the outputs.
  rm -rf bazel-bin/{lazy,lazy_index,eager}.*
  # No output group has the zTOC, so Bazel does not fetch it from the disk cache otherwise.
  bazel build --output_groups=+oci_layout,+archive --remote_download_regex='.*\.ztoc' //:lazy //:lazy_index //:eager //:large \
    //:image //:push 2>"$WORK/said"
}

# The layer's bytes do not depend on the flag.
same_layer() {
  local blob
  blob=$(sha256sum <"$(output //:large)")
  [ -s bazel-bin/large.ztoc ]
  bazel build --@rules_strata//rules:soci=false //:large
  equal "layer" "$blob" "$(sha256sum <"$(output //:large)")"
}

left_out() {
  contains "$WORK/said" "is not lazy: mklayer did not pack it with gzip" \
    "1 of 4 layers are not lazy: they have fewer than 100000 bytes" "no layer is lazy, so the image stays the same"
}

# blob LAYOUT DIGEST: the path of a blob.
blob() { printf '%s/blobs/%s\n' "$1" "${2/://}"; }

# linked LAYOUT IMAGES: in the index, each image names its SOCI manifest, which names the image.
linked() {
  local index soci image number
  index=$(blob "$1" "$(jq -r '.manifests[0].digest' "$1/index.json")")
  equal "entries" $((2 * $2)) "$(jq '.manifests | length' "$index")"
  for ((number = 0; number < $2; number++)); do
    image=$(jq -r ".manifests[$number].digest" "$index")
    soci=$(jq -r ".manifests[$number + $2].digest" "$index")
    equal "image" "$image" \
      "$(jq -r ".manifests[$number + $2].annotations[\"com.amazon.soci.image-manifest-digest\"]" "$index")"
    equal "type" application/vnd.amazon.soci.index.v2+json "$(jq -r ".manifests[$number + $2].artifactType" "$index")"
    equal "platform" "$(jq -c ".manifests[$number].platform" "$index")" "$(jq -c ".manifests[$number + $2].platform" "$index")"
    equal "SOCI manifest" "$soci" "$(jq -r '.annotations["com.amazon.soci.index-digest"]' "$(blob "$1" "$image")")"
    equal "SOCI manifest" "$soci" "$(jq -r ".manifests[$number].annotations[\"com.amazon.soci.index-digest\"]" "$index")"
    equal "annotation" yes "$(jq -r .annotations.kept "$(blob "$1" "$image")")"
    equal "zTOC" "$(sha256sum <bazel-bin/large.ztoc)" \
      "$(sha256sum <"$(blob "$1" "$(jq -r '.layers[0].digest' "$(blob "$1" "$soci")")")")"
    equal "layers" "$(jq -r '.layers[0].digest' "$(blob "$1" "$image")")" \
      "$(jq -r '[.layers[].annotations["com.amazon.soci.image-layer-digest"]] | join(" ")' "$(blob "$1" "$soci")")"
  done
}

# The registry has each manifest and each zTOC.
pushes() {
  local registry layout index manifest digest
  registry=$(cat "$RUN/soci.address")
  layout=$(output //:lazy_index oci_layout)
  "$(build //:push)" --repository="$registry/team/lazy" >"$WORK/pushed" 2>&1 || fail "push: $(cat "$WORK/pushed")"
  index=$(blob "$layout" "$(jq -r '.manifests[0].digest' "$layout/index.json")")
  for manifest in $(jq -r '.manifests[].digest' "$index"); do
    curl -sSf -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://$registry/v2/team/lazy/manifests/$manifest" |
      cmp - "$(blob "$layout" "$manifest")"
    for digest in $(jq -r '.config.digest, .layers[].digest' "$(blob "$layout" "$manifest")"); do
      curl -sSfI "http://$registry/v2/team/lazy/blobs/$digest" >/dev/null
    done
  done
}

check "SOCI's library, the registry and the images" provide
check "left out layers are reported" left_out
check "SOCI reads every file through the zTOC" soci bazel-bin/large.tar.gz bazel-bin/large.ztoc
check "an image and its SOCI manifest" linked "$PWD/bazel-bin/lazy.layout" 1
check "an index and the SOCI manifests" linked "$PWD/bazel-bin/lazy_index.layout" 2
check "the layout is valid" layout_valid "$PWD/bazel-bin/lazy_index.layout"
check "the archive is valid" archive_valid "$PWD/bazel-bin/lazy_index.tar"
check "the registry has everything" pushes
check "the layer is the same without zTOCs" same_layer

# shellcheck shell=bash
# Artifacts and referrers, with oras: it pulls the files that image_push has sent, finds referrers by their subject, and makes
# the same manifests from the same files. Neither registry lists referrers itself. cosign of Debian forky signs, as a signer of
# image_push, and verifies what the registry has.

cd "$RULES/examples/artifacts"

provide() {
  GOBIN=$RUN/bin go -C "$E2E/tools" install oras.land/oras/cmd/oras github.com/distribution/distribution/v3/cmd/registry
  registry_start debian
  registry_start newest '' '' registry
  bazel build //:all
  go build -C "$E2E/sbom" -o "$RUN/bin/check-sbom" .
}

# pushes ADDRESS TARGET REPOSITORY: image_push, twice; the second time sends nothing.
pushes() {
  local program
  program=$(build "//:$2")
  "$program" --repository="$1/$3" >"$WORK/pushed" 2>&1 || fail "push: $(cat "$WORK/pushed")"
  "$program" --repository="$1/$3" >"$WORK/pushed" 2>&1 || fail "push: $(cat "$WORK/pushed")"
  lacks "$WORK/pushed" ": pushed"
}

# pulls REFERENCE FILE...: oras writes exactly these files of the example.
pulls() {
  local dir file
  dir=$(mktemp -d "$WORK/pull.XXXXXX")
  oras pull --plain-http -o "$dir" "$1"
  equal "files" "$(printf '%s\n' "${@:2}" | sort)" "$(find "$dir" -type f -printf '%P\n' | sort)"
  for file in "${@:2}"; do cmp "$dir/$file" "$WORK/files/$file"; done
}

# same_as_oras REFERENCE OTHER: the manifests are equal, byte for byte, but for the time that oras adds to that of OTHER.
same_as_oras() {
  oras manifest fetch --plain-http "$1" >"$WORK/ours"
  oras manifest fetch --plain-http "$2" |
    jq -cj 'del(.annotations["org.opencontainers.image.created"]) | if .annotations == {} then del(.annotations) else . end' \
      >"$WORK/theirs"
  cmp "$WORK/ours" "$WORK/theirs"
}

files() {
  mkdir -p "$WORK/files/config"
  cp main.wasm "$(output //:sbom)" "$WORK/files"
  cp hello/values.yaml "$WORK/files/config"
}

plain_files() {
  pushes "$1" push_files team/files
  pulls "$1/team/files:latest" config/values.yaml main.wasm
  (
    cd "$WORK/files"
    oras push --plain-http --artifact-type=application/vnd.example.files "$1/team/files:oras" \
      config/values.yaml:application/yaml main.wasm:application/wasm
  )
  same_as_oras "$1/team/files:latest" "$1/team/files:oras"
}

wasm() {
  pushes "$1" push_wasm team/wasm
  pulls "$1/team/wasm:latest" main.wasm
  oras manifest fetch-config --plain-http "$1/team/wasm:latest" >"$WORK/config.json"
  equal "digest in the config" "sha256:$(sha256sum <"$WORK/files/main.wasm" | cut -d ' ' -f 1)" \
    "$(jq -r '.layerDigests[0]' "$WORK/config.json")"
  (
    cd "$WORK/files"
    oras push --plain-http --config "$WORK/config.json:application/vnd.wasm.config.v0+json" --disable-path-validation \
      "$1/team/wasm:oras" main.wasm:application/wasm
  )
  same_as_oras "$1/team/wasm:latest" "$1/team/wasm:oras"
}

# What helm pull reads: the config, and the archive by its media type.
chart() {
  local layer
  pushes "$1" push_chart charts/hello
  oras manifest fetch-config --plain-http "$1/charts/hello:0.1.0" | cmp - hello/Chart.yaml
  layer=$(oras manifest fetch --plain-http "$1/charts/hello:0.1.0" |
    jq -r '.layers[] | select(.mediaType == "application/vnd.cncf.helm.chart.content.v1.tar+gzip").digest')
  oras blob fetch --plain-http -o "$WORK/chart.tgz" "$1/charts/hello@$layer"
  tar -xzOf "$WORK/chart.tgz" hello/templates/configmap.yaml | cmp - hello/templates/configmap.yaml
}

referrers() {
  local sbom
  sbom=$(digest_of //:sbom)
  pushes "$1" push team/app
  equal "referrers" "$sbom" \
    "$(oras discover --plain-http --format json "$1/team/app:latest" | jq -r '.. | .digest? // empty' | grep -Fx "$sbom" | sort -u)"
  pulls "$1/team/app@$sbom" sbom.spdx.json
  # One more, by oras: the list keeps ours, and ours keeps it.
  (
    cd "$WORK/files"
    oras attach --plain-http --artifact-type=application/vnd.example.vex "$1/team/app:latest" main.wasm:application/wasm
  )
  pushes "$1" push team/app
  oras discover --plain-http "$1/team/app:latest" >"$WORK/discovered"
  contains "$WORK/discovered" "application/spdx+json"
  contains "$WORK/discovered" "application/vnd.example.vex"
  image-check --registry="$1/team/app@$sbom"
}

# cosign, two pairs of keys, and a configuration without services of Sigstore, which would need the network.
cosign_provide() {
  local root
  root=$(forky_root)
  ln -sf "$root/usr/bin/cosign" "$RUN/bin/cosign"
  mkdir -p "$WORK/keys/other"
  (
    cd "$WORK/keys"
    cosign generate-key-pair
    cosign signing-config create --out signing-config.json
    cd other
    cosign generate-key-pair
  )
}

# verify KEY REFERENCE
verify() { cosign verify --key "$1" --insecure-ignore-tlog "$2"; }

# signed_push ADDRESS/REPOSITORY ARGS...: in the directory with the key.
signed_push() {
  local program
  program=$(build //:push_signed)
  (cd "$WORK/keys" && "$program" --repository="$1" "${@:2}") >"$WORK/pushed" 2>&1
}

signature() {
  signed_push "$1/team/signed" || fail "push: $(cat "$WORK/pushed")"
  verify "$WORK/keys/cosign.pub" "$1/team/signed:latest" >"$WORK/verified"
  equal "signed digest" "$(digest_of //:image)" \
    "$(jq -r '.[0].critical.image["docker-manifest-digest"]' "$WORK/verified")"
  if verify "$WORK/keys/other/cosign.pub" "$1/team/signed:latest" >"$WORK/verified" 2>&1; then
    fail "another key verifies the signature"
  fi
  oras discover --plain-http "$1/team/signed:latest" >"$WORK/discovered"
  contains "$WORK/discovered" "application/spdx+json" "application/vnd.dev.sigstore.bundle.v0.3+json"
  go build -C "$TOP" -o "$WORK/image" ./tools/image
  "$WORK/image" copy --referrers "$1/team/signed:latest" "$1/team/copied:latest"
  verify "$WORK/keys/cosign.pub" "$1/team/copied:latest"
  ! COSIGN_PASSWORD=wr0ng signed_push "$1/team/unsigned" || fail "a push without a signature succeeded"
  contains "$WORK/pushed" "signer cosign.sh: exit status"
  lacks "$WORK/pushed" wr0ng ":latest: pushed"
}

provenance() {
  local dir=$WORK/provenance source digest statement
  source=git+https://git.example.com/team/app@$(printf '%040d' 7)
  digest=$(digest_of //:image)
  signed_push "$1/team/proven" --provenance-builder-id=https://ci.example.com/release --provenance-source="$source" ||
    fail "push: $(cat "$WORK/pushed")"
  statement=$(oras discover --plain-http --format json --artifact-type application/vnd.in-toto+json "$1/team/proven:latest" |
    jq -r '.. | .digest? // empty' | grep -Fvx "$digest")
  oras blob fetch --plain-http --output "$dir.json" \
    "$1/team/proven@$(oras manifest fetch --plain-http "$1/team/proven@$statement" | jq -r '.layers[0].digest')"
  equal "statement" "$digest https://ci.example.com/release $source" "$(jq -r '
    "sha256:\(.subject[0].digest.sha256) \(.predicate.runDetails.builder.id) " +
    .predicate.buildDefinition.resolvedDependencies[0].uri' "$dir.json")"
}

# The archive lists the SBOM beside the image. Readers of layouts find it by its subject, engines ignore it.
archive() {
  local archive sbom
  archive=$(output //:archive)
  sbom=$(digest_of //:sbom)
  image-check --archive="$archive"
  oras discover --oci-layout "$archive:latest" >"$WORK/discovered"
  contains "$WORK/discovered" "$sbom"
  skopeo copy "oci-archive:$archive:latest" "dir:$WORK/copied"
  equal "image" "$(digest_of //:image)" "sha256:$(sha256sum <"$WORK/copied/manifest.json" | cut -d ' ' -f 1)"
  podman load --input "$archive" >"$WORK/loaded"
  contains "$WORK/loaded" "registry.example.com/team/app:latest"
  docker_start
  docker load --input "$archive" >"$WORK/loaded"
  contains "$WORK/loaded" "registry.example.com/team/app:latest"
}

# sbom: the document is valid, its libraries read it, and it has the package in the image.
sbom() {
  check-sbom "$WORK/files/sbom.spdx.json" >"$WORK/purls"
  contains "$WORK/purls" "pkg:npm/greeting@1.0.0"
  contains "$WORK/purls" "pkg:oci/image@$(digest_of //:image | sed 's/:/%3A/')"
}

check "two registries, oras and the example" provide
check "its files" files
check "its SBOM" sbom
for registry in debian newest; do
  address=$(cat "$RUN/$registry.address")
  check "plain files, $registry" plain_files "$address"
  check "a WebAssembly module, $registry" wasm "$address"
  check "a Helm chart, $registry" chart "$address"
  check "an image and its SBOM, $registry" referrers "$address"
done
export COSIGN_PASSWORD=sesame
check "cosign, and keys" cosign_provide
check "a signature" signature "$(cat "$RUN/newest.address")"
check "provenance" provenance "$(cat "$RUN/newest.address")"
check "an archive with an SBOM" archive

# shellcheck shell=bash
# Artifacts and referrers, with oras: it pulls the files that image_push has sent, finds referrers by their subject, and makes
# the same manifests from the same files. Neither registry lists referrers itself.

cd "$TOP"
package=examples/artifacts

provide() {
  GOBIN=$RUN/bin go -C "$E2E/tools" install oras.land/oras/cmd/oras github.com/distribution/distribution/v3/cmd/registry
  registry_start debian
  registry_start newest '' '' registry
  bazel build "//$package:all"
  go build -C "$E2E/sbom" -o "$RUN/bin/check-sbom" .
}

# pushes ADDRESS TARGET REPOSITORY: image_push, twice; the second time sends nothing.
pushes() {
  local program
  program=$(output "//$package:$2")
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
  cp "$package/main.wasm" "$(output "//$package:sbom")" "$WORK/files"
  cp "$package/hello/values.yaml" "$WORK/files/config"
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
  oras manifest fetch-config --plain-http "$1/charts/hello:0.1.0" | cmp - "$package/hello/Chart.yaml"
  layer=$(oras manifest fetch --plain-http "$1/charts/hello:0.1.0" |
    jq -r '.layers[] | select(.mediaType == "application/vnd.cncf.helm.chart.content.v1.tar+gzip").digest')
  oras blob fetch --plain-http -o "$WORK/chart.tgz" "$1/charts/hello@$layer"
  tar -xzOf "$WORK/chart.tgz" hello/templates/configmap.yaml | cmp - "$package/hello/templates/configmap.yaml"
}

referrers() {
  local sbom
  sbom=$(digest_of "//$package:sbom")
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

# sbom: the document is valid, its libraries read it, and it has the package in the image.
sbom() {
  check-sbom "$WORK/files/sbom.spdx.json" >"$WORK/purls"
  contains "$WORK/purls" "pkg:npm/greeting@1.0.0"
  contains "$WORK/purls" "pkg:oci/image@$(digest_of "//$package:image" | sed 's/:/%3A/')"
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

#!/bin/sh
# cosign.sh sign-oci-artifact FLAGS...: signs an image with cosign, as image_signer calls it.
#
# FLAGS are those of `cosign attest-blob`, like --key=FILE. The result is what `cosign sign` publishes: a bundle of Sigstore with
# a signed statement about the digest, which `cosign verify` finds by its subject. Keys and passwords stay with cosign.
set -eu

[ "${1-}" = sign-oci-artifact ] || {
  echo "cosign.sh: expected sign-oci-artifact, got: ${1-}" >&2
  exit 2
}
shift

subject=$(cat)
hex=$(printf %s "$subject" | sed -n 's/.*"digest": *"sha256:\([0-9a-f]*\)".*/\1/p')
predicate=https://sigstore.dev/cosign/sign/v1
bundle=application/vnd.dev.sigstore.bundle.v0.3+json
manifest=application/vnd.oci.image.manifest.v1+json

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/layout/blobs/sha256"

# put FILE MEDIA_TYPE: moves the file into the layout and prints its descriptor.
put() {
  size=$(wc -c <"$1")
  digest=$(sha256sum "$1" | cut -d ' ' -f 1)
  mv "$1" "$dir/layout/blobs/sha256/$digest"
  printf '{"mediaType":"%s","digest":"sha256:%s","size":%d}' "$2" "$digest" "$size"
}

printf '{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"%s"}}],"predicateType":"%s","predicate":{}}' \
  "$hex" "$predicate" >"$dir/statement"
cosign attest-blob --yes --statement="$dir/statement" --bundle="$dir/bundle" "$@" >&2
printf '{}' >"$dir/config"
printf '{"schemaVersion":2,"mediaType":"%s","artifactType":"%s","config":%s,"layers":[%s],"subject":%s,"annotations":%s}' \
  "$manifest" "$bundle" "$(put "$dir/config" application/vnd.oci.empty.v1+json)" "$(put "$dir/bundle" "$bundle")" "$subject" \
  '{"dev.sigstore.bundle.content":"dsse-envelope","dev.sigstore.bundle.predicateType":"'$predicate'"}' >"$dir/manifest"
printf '{"schemaVersion":2,"manifests":[%s]}' "$(put "$dir/manifest" "$manifest")" >"$dir/layout/index.json"
printf '{"imageLayoutVersion":"1.0.0"}' >"$dir/layout/oci-layout"
tar -C "$dir/layout" -cf - oci-layout index.json blobs

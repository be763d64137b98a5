# shellcheck shell=bash
# Checks of images that the rules made, by other programs.

# checkers_install DIR: our own validator and the one for image-spec's JSON schemas.
checkers_install() {
  go build -C "$TOP" -o "$1/image-check" ./tools/check
  go build -C "$E2E/schema" -o "$1/image-schema" .
}

# judged BASE ARGS...: our validator, called with ARGS, finds no violations in an image. BASE is the number of its third-party
# layers, which need not follow our house rules; "all" means an entirely third-party image, including the manifest:
# its mediaType may be missing, because image-spec (manifest.md) only recommends it and Podman 4.3 omits it.
judged() {
  local status=0 rest
  if [ "$1" != all ]; then
    image-check --lenient-layers="$1" "${@:2}"
    return
  fi
  image-check --lenient-layers=127 "${@:2}" >"$RUN/judged" || status=$?
  [ "$status" -le 1 ]
  rest=$(grep -vE '(: document-media-type: mediaType: missing, |^ok: )' "$RUN/judged" || [ $? = 1 ])
  equal "violations" "" "$rest"
}

# layout_valid DIR [BASE]: an OCI image layout that our validator, the JSON schemas and skopeo accept, and that consists of
# regular files. BASE is as above, 0 by default.
layout_valid() {
  local links
  links=$(find "$1/" ! -type f ! -type d)
  equal "files of $1 that are not regular files" "" "$links"
  judged "${2:-0}" --layout="$1"
  image-schema "$1"
  skopeo inspect "oci:$1"
  skopeo inspect --config "oci:$1"
}

# layout_unpacks DIR: umoci, which needs a name, can unpack the image in the layout to a root file system.
layout_unpacks() {
  local copy
  copy=$(mktemp -d "$RUN/umoci.XXXXXX")
  cp -R "$1" "$copy/layout"
  chmod -R u+w "$copy/layout"
  jq '.manifests[0].annotations["org.opencontainers.image.ref.name"] = "named"' "$1/index.json" \
    >"$copy/layout/index.json"
  umoci unpack --image "$copy/layout:named" "$copy/bundle"
  find "$copy/bundle/rootfs" ! -type d | sed "s,^$copy/bundle/rootfs,," | sort
}

# archive_valid TAR [BASE]: the same for an archive.
archive_valid() {
  judged "${2:-0}" --archive="$1"
  skopeo inspect "oci-archive:$1"
  skopeo inspect "docker-archive:$1"
}

# digest_of LABEL: the digest in the image's digest file.
digest_of() { cat "$(build "$1" digest)"; }

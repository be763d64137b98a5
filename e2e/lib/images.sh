# shellcheck shell=bash
# What others say of an image that the rules made.

# checkers_install: our own validator and the one for image-spec's JSON schemas, in front on PATH.
checkers_install() {
  go build -C "$TOP" -o "$RUN/bin/image-check" ./tools/check
  go build -C "$E2E/schema" -o "$RUN/bin/image-schema" .
}

# judged BASE ARGS...: our validator, called with ARGS, has nothing against an image. BASE is the number of its layers that
# others made, which need not keep our own rules; "all" stands for an image that others made, manifest and all: there
# the mediaType may be missing, which image-spec (manifest.md) only recommends and Podman 4.3 leaves out.
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

# layout_valid DIR [BASE]: an OCI image layout that our validator, the JSON schemas and skopeo have nothing against, made
# of real files alone. BASE is as above, 0 if not given.
layout_valid() {
  local links
  links=$(find "$1/" ! -type f ! -type d)
  equal "files of $1 that are no real files" "" "$links"
  judged "${2:-0}" --layout="$1"
  image-schema "$1"
  skopeo inspect "oci:$1"
  skopeo inspect --config "oci:$1"
}

# layout_unpacks DIR: umoci, which wants a name, can make a root file system of the image in the layout.
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

# archive_valid TAR [BASE]: the same of an archive.
archive_valid() {
  judged "${2:-0}" --archive="$1"
  skopeo inspect "oci-archive:$1"
  skopeo inspect "docker-archive:$1"
}

# digest_of LABEL: the digest that the image's digest file holds.
digest_of() { cat "$(build "$1" digest)"; }

# shellcheck shell=bash
# Odd archives: mklayer rejects them, or makes a layer that GNU tar, bsdtar, umoci, skopeo and image-check read alike.

packages libarchive-tools

archives_made() {
  go build -C "$TOP" -o "$RUN/bin/mklayer" ./tools/mklayer
  CGO_ENABLED=0 go build -C "$E2E/tars" -o "$WORK/tars" .
  "$WORK/tars" "$WORK/odd"
}

# made NAME TAR FLAGS...: mklayer makes the layer $WORK/layers/NAME from TAR, or fails with one line that names the archive.
made() {
  mkdir -p "$WORK/layers"
  if mklayer --tar="$2" --output="$WORK/layers/$1" --descriptor="$WORK/layers/$1.json" "${@:3}" 2>"$WORK/err"; then
    return
  fi
  equal "lines about $2" 1 "$(wc -l <"$WORK/err")"
  contains "$WORK/err" "$(basename "$2")"
  lacks "$WORK/err" "panic"
  return 1
}

# alike LAYER: GNU tar and bsdtar list the same names, types, sizes and targets, without complaints.
alike() {
  LC_ALL=C.UTF-8 tar --absolute-names --quoting-style=escape --numeric-owner -tvf "$1" 2>"$WORK/complaints" |
    awk '{ print substr($1, 1, 1), $3, substr($0, index($0, $5) + length($5) + 1) }' >"$WORK/gnu"
  LC_ALL=C.UTF-8 bsdtar --numeric-owner -tvf "$1" 2>>"$WORK/complaints" |
    awk '{ print substr($1, 1, 1), $5, substr($0, index($0, $8) + length($8) + 1) }' >"$WORK/bsd"
  sed -i '/: A lone zero block at /d' "$WORK/complaints" # one also ends an archive
  diff "$WORK/gnu" "$WORK/bsd" || fail "of $1"
  [ ! -s "$WORK/complaints" ] || fail "$1: $(cat "$WORK/complaints")"
}

# blob LAYOUT: stores standard input in the layout and prints the beginning of its descriptor.
blob() {
  local sum
  mkdir -p "$1/blobs/sha256"
  cat >"$WORK/blob"
  sum=$(sha256sum <"$WORK/blob")
  sum=${sum%% *}
  mv "$WORK/blob" "$1/blobs/sha256/$sum"
  printf '"digest":"sha256:%s","size":%d' "$sum" "$(stat -c %s "$1/blobs/sha256/$sum")"
}

# laid_out LAYOUT DESCRIPTOR...: an image of the layers.
laid_out() {
  local layout=$1 type=application/vnd.oci.image descriptor config manifest
  shift
  rm -rf "$layout"
  config=$(jq -cs '{architecture: "amd64", os: "linux", rootfs: {type: "layers", diff_ids: map(.diff_id)}}' "$@" |
    tr -d '\n' | blob "$layout")
  manifest=$(jq -cs --argjson config "{\"mediaType\":\"$type.config.v1+json\",$config}" --arg type "$type.manifest.v1+json" \
    '{schemaVersion: 2, mediaType: $type, $config, layers: map({mediaType, digest, size})}' "$@" |
    tr -d '\n' | blob "$layout")
  for descriptor; do
    ln -f "${descriptor%.json}" "$layout/blobs/$(jq -r .digest "$descriptor" | tr : /)"
  done
  echo '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
  printf '{"schemaVersion":2,"mediaType":"%s","manifests":[{"mediaType":"%s",%s,"annotations":{"%s":"odd"}}]}' \
    "$type.index.v1+json" "$type.manifest.v1+json" "$manifest" org.opencontainers.image.ref.name >"$layout/index.json"
}

# root_of DIR: names, types, sizes and targets in a root file system.
root_of() {
  (cd "$1" && find . -mindepth 1 \( -type f -printf '%P %y %n %s\n' -o -printf '%P %y %l\n' \) | LC_ALL=C sort)
}

# unpacks_alike LAYER: GNU tar, bsdtar and umoci extract the same files; skopeo and image-check accept the image. Only
# deletion markers are unknown to tar.
unpacks_alike() {
  laid_out "$WORK/layout" "$1.json"
  image-check --lenient-layers=1 --layout="$WORK/layout"
  skopeo copy --quiet "oci:$WORK/layout:odd" "dir:$WORK/copied"
  umoci unpack --image "$WORK/layout:odd" "$WORK/bundle"
  mkdir "$WORK/by-gnu" "$WORK/by-bsd"
  tar --extract --exclude='.wh.*' --file "$1" --directory "$WORK/by-gnu"
  bsdtar -x --exclude '.wh.*' -f "$1" -C "$WORK/by-bsd"
  root_of "$WORK/bundle/rootfs" >"$WORK/umoci"
  root_of "$WORK/by-gnu" | diff "$WORK/umoci" - || fail "GNU tar, $1"
  root_of "$WORK/by-bsd" | diff "$WORK/umoci" - || fail "bsdtar, $1"
  rm -rf "$WORK/copied" "$WORK/bundle" "$WORK"/by-*
}

# verdict kept|remade: how mklayer treats each of these archives; all programs read its layer alike, and also the
# layer with another compression.
verdict() {
  local tar name
  for tar in "$WORK/odd/$1"/*; do
    name=$(basename "$tar" .tar)
    made "$name" "$tar" || fail "refused: $(cat "$WORK/err")"
    if [ "$1" = kept ]; then cmp "$WORK/layers/$name" "$tar"; fi
    if [ "$1" = remade ] && cmp --quiet "$WORK/layers/$name" "$tar"; then fail "kept: $tar"; fi
    alike "$WORK/layers/$name"
    unpacks_alike "$WORK/layers/$name"
    made "$name.gz" "$tar" --compression=gzip
    alike "$WORK/layers/$name.gz"
    unpacks_alike "$WORK/layers/$name.gz"
  done
  note "$(find "$WORK/odd/$1" -type f | wc -l) archives"
}

refused() {
  local tar
  for tar in "$WORK/odd/refused"/*; do
    ! made "$(basename "$tar" .tar)" "$tar" || fail "no word about $tar"
    ! made "$(basename "$tar" .tar).gz" "$tar" --compression=gzip || fail "no word about $tar"
  done
  note "$(find "$WORK/odd/refused" -type f | wc -l) archives"
}

# Arbitrary values in one field of one header.
any_field() {
  local tar name all
  rm -rf "$WORK/layers"
  for tar in "$WORK/odd/any"/*; do
    name=$(basename "$tar" .tar)
    ! made "$name" "$tar" || alike "$WORK/layers/$name"
  done
  mapfile -t all < <(find "$WORK/layers" -name '*.json')
  note "$(find "$WORK/odd/any" -type f | wc -l) archives, ${#all[@]} layers"
  while [ "${#all[@]}" != 0 ]; do # as many as a base may have
    laid_out "$WORK/layout" "${all[@]:0:127}"
    image-check --lenient-layers=127 --layout="$WORK/layout"
    all=("${all[@]:127}")
  done
}

check "odd archives are created" archives_made
check "unambiguous archives are kept, and programs agree on the layer" verdict kept
check "archives that programs read differently are repacked, and programs agree on the layer" verdict remade
check "ambiguous archives are refused in one line" refused
check "one modified header field: refused, or read alike" any_field

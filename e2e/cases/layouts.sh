# shellcheck shell=bash
# Every layout and archive that the rules make of the example and of the walk-through, checked by other programs, and the
# example's server in Docker and in Podman.

# images WORKSPACE QUERY: lists all images and indexes among the targets, "KIND rule LABEL".
images() {
  cd "$1"
  bazel query --output=label_kind "kind('^image(_import|_index)? rule\$', $2)" >"$WORK/images"
  [ -s "$WORK/images" ]
}

# valid WORKSPACE LABEL BASE: the image or index is valid, as a layout and as an archive; BASE as for layout_valid.
valid() {
  local layout archive
  cd "$1"
  layout=$(build "$2" oci_layout)
  archive=$(build "$2" archive)
  layout_valid "$layout" "$3"
  archive_valid "$archive" "$3"
}

# The complete contents: an extra file is as wrong as a missing one.
hello_unpacks() {
  layout_unpacks "$1" >"$WORK/files"
  {
    cd examples/hello
    find www -type f -printf '/srv/%p\n'
    printf '/app/hello%s\n' "" .runfiles/_repo_mapping .runfiles/_main/examples/hello/hello_/hello
  } | sort >"$WORK/expected"
  diff "$WORK/expected" "$WORK/files"
}

# umoci finds a nested index ambiguous, so skopeo extracts the platforms' images for it.
index_unpacks() {
  local layout architecture
  layout=$(build //examples/hello:index oci_layout)
  for architecture in amd64 arm64; do
    equal "architecture" "$architecture" \
      "$(skopeo --override-arch "$architecture" inspect "oci:$layout" | jq -r .Architecture)"
    skopeo --override-arch "$architecture" copy "oci:$layout" "oci:$WORK/$architecture"
    hello_unpacks "$WORK/$architecture"
  done
}

image_unpacks() {
  local layout
  layout=$(build //examples/hello:image oci_layout)
  hello_unpacks "$layout"
}

# serves ENGINE: the container answers over HTTP as expected. Its only network is its own loopback.
serves() {
  local pid
  "$1_run" --detach --name strata-hello localhost/hello:latest
  await 20 "$1" exec strata-hello /app/hello --check
  pid=$("$1" inspect --format '{{.State.Pid}}' strata-hello)
  equal "health" "all is well" "$(nsenter --target "$pid" --net curl -sSf http://127.0.0.1:8080/healthz)"
  nsenter --target "$pid" --net curl -sSf http://127.0.0.1:8080/ >"$WORK/page"
  cmp examples/hello/www/index.html "$WORK/page"
  "$1" kill strata-hello
  # Docker removes the container a moment after its end, and releases the image only then.
  await 20 "$1" rmi localhost/hello:latest
}

serves_from_archive() {
  local archive
  archive=$(build //examples/hello:archive)
  "$1" load --input "$archive" >"$WORK/loaded"
  equal "$1 load" "Loaded image: localhost/hello:latest" "$(cat "$WORK/loaded")"
  serves "$1"
}

serves_from_load() {
  local digest
  digest=$(digest_of //examples/hello:image)
  bazel run //examples/hello:load -- --engine="$1" >"$WORK/loaded" 2>"$WORK/log"
  equal "standard output" localhost/hello:latest "$(cat "$WORK/loaded")"
  contains "$WORK/log" "$digest"
  serves "$1"
}

check "Podman and Docker make and save a base image" base_provide
check "the example's images" images "$TOP" //examples/...
while read -r _ _ label; do
  check "$label: image-check, JSON schema, skopeo" valid "$TOP" "$label" 0
done <"$WORK/images"
check "the walk-through's images" images "$E2E/walkthrough" //:all
while read -r kind _ label; do
  base=1
  [ "$kind" != image_import ] || base=all
  check "$label: image-check, JSON schema, skopeo" valid "$E2E/walkthrough" "$label" "$base"
done <"$WORK/images"
cd "$TOP"
check "umoci unpacks the example's image" image_unpacks
check "skopeo and umoci unpack both images of the example's index" index_unpacks
for engine in docker podman; do
  check "$engine load, and the example responds" serves_from_archive "$engine"
  check "bazel run //examples/hello:load, and the example responds" serves_from_load "$engine"
done

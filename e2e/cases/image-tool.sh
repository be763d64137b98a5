# shellcheck shell=bash
# The program image on images of Docker, Podman, skopeo, a registry and Bazel: the walk-through in two commands, and all that
# it writes and says, checked by these programs and by umoci.

bases=(oci-archive.tar podman-docker-archive.tar docker-archive.tar layout)
base=$E2E/walkthrough/base
name=localhost/edited:latest

# edits BASE OUT: the walk-through's first command.
edits() {
  echo 'Hello world!' >"$WORK/some-file"
  image edit "$1" --cmd='["/bin/cat", "/some-file"]' --add="$WORK/some-file=/some-file" --name="$name" --output="$2"
}

# walks ENGINE BASE: the walk-through: both commands, and the container.
walks() {
  edits "$2" "$WORK/new.tar"
  archive_valid "$WORK/new.tar" 1
  if "$1" image inspect "$name" >"$WORK/inspect" 2>&1; then "$1" rmi --force "$name"; fi
  "$1" load --input "$WORK/new.tar" >"$WORK/loaded"
  equal "$1 load" "Loaded image: $name" "$(cat "$WORK/loaded")"
  equal "what the container prints" "Hello world!" "$("$1_run" "$name")"
  "$1_run" "$name" /bin/busybox env >"$WORK/environment"
  contains "$WORK/environment" "ORIGIN=base"
}

# The rules and the program make the same image of the same base, layer and settings.
same_as_rules() {
  local file
  for file in "${bases[@]}"; do
    image edit "$base/$file" --cmd='["/bin/ls", "/"]' --add="$E2E/walkthrough/some-file.txt=/some-file" \
      --output="$WORK/same-${file%.tar}.tar" >"$WORK/edited"
    file=${file%.tar}
    equal "the digest of the edited $file" \
      "$(cd "$E2E/walkthrough" && digest_of "//:my_alpine_${file//-/_}")" "$(sed 's/.*@//' "$WORK/edited")"
  done
}

# Outputs of a build are places. Only the layout and the archive have layers.
build_outputs() {
  local layout archive manifest
  cd "$E2E/walkthrough"
  manifest=$(build //:my_alpine_layout manifest)
  layout=$(build //:my_alpine_layout oci_layout)
  archive=$(build //:archive_layout)
  image inspect "$manifest" >"$WORK/tree"
  contains "$WORK/tree" "image $(digest_of //:my_alpine_layout) linux/" 'Cmd: ["/bin/ls","/"]'
  if image ls "$manifest" >"$WORK/out" 2>&1; then fail "it has no layers"; fi
  contains "$WORK/out" "--output_groups=oci_layout"
  equal "the file in the layout" "Hello world!" "$(image cat "$layout" /some-file)"
  image diff "$layout" "$archive"
  bazel run @rules_strata//rules:image -- cat "base/oci-archive.tar" /etc/passwd >"$WORK/passwd"
  image cat base/layout /etc/passwd | cmp - "$WORK/passwd"
}

# Where a file comes from, and what each target adds. Bazel builds no layer for the former.
origins() {
  local page
  cd "$E2E/walkthrough"
  bazel run @rules_strata//rules:image -- why --bazel=bazel-e2e :my_alpine_layout /some-file >"$WORK/why"
  contains "$WORK/why" "file of //:some-file.txt: some-file.txt" 'from //:some_file, files = {"/some-file": "//:some-file.txt"}' \
    "not read: the base //:base_layout"
  if bazel run @rules_strata//rules:image -- why --bazel=bazel-e2e //:my_alpine_layout /none >"$WORK/why"; then
    fail "/none is in the image"
  fi
  contains "$WORK/why" "not in a layer of this build"
  bazel build //:report
  page=bazel-bin/report.html
  contains "$page" "<td>//:base_docker_archive</td>" "<td>// (source files)</td>"
  jq -e '.sizes | .contents + .headers == .uncompressed and .visible + .wasted == .contents' "${page%.html}.json"
  jq -e '[.targets[].contents] == ([.targets[].contents] | sort | reverse) and ([.targets[].contents] | add) == .sizes.uncompressed' \
    "${page%.html}.json"
}

# copies: one image through all forms keeps its digest and its blobs. skopeo and umoci read each stage.
copies() {
  local address digest
  address=$(cat "$RUN/registry.address")
  digest=$(jq -r '.manifests[0].digest' "$base/layout/index.json")
  image copy "$base/layout" "$WORK/one.tar" --name=localhost/copied:v1
  image copy "$WORK/one.tar" "$address/copied:v1" 2>"$WORK/sent"
  contains "$WORK/sent" "2 sent, 0 mounted, 0 already there"
  image copy "$address/copied:v1" "oci:$WORK/two:v1"
  skopeo inspect "oci-archive:$WORK/one.tar"
  equal "the digest in the registry" "$digest" "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$address/copied:v1")"
  skopeo inspect "oci:$WORK/two:v1"
  diff --recursive "$base/layout/blobs" "$WORK/two/blobs"
  umoci unpack --image "$WORK/two:v1" "$WORK/two.bundle"
  image copy "oci:$WORK/two:v1" "docker-archive:$WORK/three.tar:localhost/copied:v1"
  cmp "$WORK/one.tar" "$WORK/three.tar"
  podman load --input "$WORK/three.tar" >"$WORK/loaded"
  equal "podman load" "Loaded image: localhost/copied:v1" "$(cat "$WORK/loaded")"
}

# What skopeo has put into a layout and into the registry.
skopeo_places() {
  local address
  address=$(cat "$RUN/registry.address")
  skopeo copy "oci:$base/layout" "oci:$WORK/many:first"
  edits "$base/layout" "$WORK/edited.tar"
  skopeo copy "docker-archive:$WORK/edited.tar" "oci:$WORK/many:second"
  skopeo copy --dest-tls-verify=false "oci:$WORK/many:second" "docker://$address/skopeo:second"
  if image ls "$WORK/many" 2>"$WORK/err"; then fail "there are two images"; fi
  contains "$WORK/err" "contains 2 images: first, second"
  image diff "$WORK/many:second" "$address/skopeo:second"
  if image diff "$WORK/many:first" "$WORK/many:second" >"$WORK/differs"; then fail "no difference"; fi
  contains "$WORK/differs" '~ config Cmd ["/bin/sh"] -> ["/bin/cat","/some-file"]' "+ file /some-file"
  equal "the other files that differ" "" "$(grep ' file ' "$WORK/differs" | grep -v /some-file || [ $? = 1 ])"
  # A third one beside them is skopeo's to read, and the others stay.
  image copy "$base/oci-archive.tar" "$WORK/many:third"
  for tag in first second third; do skopeo inspect "oci:$WORK/many:$tag"; done
  image validate "$WORK/many"
  judged all --layout="$WORK/many"
}

# mounts: within a registry nothing is uploaded, and the second copy only asks.
mounts() {
  local address
  address=$(cat "$RUN/registry.address")
  image copy "$address/copied:v1" "$address/elsewhere:v1" 2>"$WORK/sent"
  contains "$WORK/sent" "0 sent, 2 mounted, 0 already there"
  equal "uploads" 0 "$(requests registry 'PUT|PATCH' 'elsewhere/blobs')"
  equal "mounts" 2 "$(requests registry POST 'elsewhere/blobs/uploads/[?].*mount=')"
  image copy "$address/copied:v1" "$address/elsewhere:v1"
  equal "mounts after another copy" 2 "$(requests registry POST 'elsewhere')"
}

# An edit of an image in a registry sends the new layer and the config; the base's layer is mounted.
edits_registry() {
  local address
  address=$(cat "$RUN/registry.address")
  edits_to="$address/edited:v1"
  image edit "$address/copied:v1" --cmd='["/bin/cat", "/some-file"]' --add="$WORK/some-file=/some-file" --output="$edits_to" \
    >"$WORK/place" 2>"$WORK/sent"
  contains "$WORK/sent" "2 sent, 1 mounted, 0 already there"
  image validate "$(cat "$WORK/place")"
  image-check --lenient-layers=1 --insecure --registry="$edits_to"
  podman pull --tls-verify=false "$edits_to"
  equal "what the container prints" "Hello world!" "$(podman_run "$edits_to")"
}

# The exported tar has what umoci unpacks: contents, modes, owners, times and links.
exports() {
  local root=$WORK/exported
  image edit "$base/layout" --add="$TOP/tools/internal/rootfs=/dir/sub/" --add=/bin/busybox=/tmp/busybox --remove=/var \
    --symlink=/up=.. --mode=/tmp/busybox=4711 --owner='/dir/**=7:8' --compression=zstd --output="oci:$WORK/rich:v1"
  image copy "oci:$WORK/rich:v1" "$WORK/rich.tar" --name=localhost/rich:v1
  image export "$WORK/rich.tar" --output="$WORK/rich.root.tar"
  image export "oci:$WORK/rich:v1" | cmp - "$WORK/rich.root.tar"
  mkdir "$root"
  tar --extract --preserve-permissions --same-owner --numeric-owner --file "$WORK/rich.root.tar" --directory "$root"
  podman load --quiet --input "$WORK/rich.tar"
  podman image mount localhost/rich:v1 >"$WORK/mount"
  listed "$root" >"$WORK/ours"
  listed "$(cat "$WORK/mount")" >"$WORK/theirs"
  diff "$WORK/theirs" "$WORK/ours"
  podman image unmount --all
  # ls is the same list.
  image ls --recursive "$WORK/rich.tar" | LC_ALL=C sort >"$WORK/ls"
  (cd "$root" && find . -mindepth 1 -printf '/%P\n') | LC_ALL=C sort | diff - "$WORK/ls"
}

# listed DIR: each path with its kind, mode, owner, link and content; Podman does not keep times of directories.
listed() {
  (
    cd "$1"
    find . -mindepth 1 -printf '%P %y %m %U:%G %l\n' | LC_ALL=C sort
    find . -type f -printf '%P %s %T@\n' | sed 's/[.]0*$//' | LC_ALL=C sort
    find . -type f -exec sha256sum {} + | LC_ALL=C sort
  )
}

# indexes: one that Podman makes of two images, one of which is for another architecture.
indexes() {
  local address digest architecture
  address=$(cat "$RUN/registry.address")
  architecture='{"architecture": "s390x", "clear": ["architecture"], "allow_any_architecture": true}'
  image edit "$base/layout" --settings="$architecture" --name=localhost/other-architecture --output=- |
    podman load
  podman manifest create localhost/index
  podman manifest add localhost/index containers-storage:localhost/base:latest
  podman manifest add localhost/index containers-storage:localhost/other-architecture:latest
  podman manifest push --all --format=oci --tls-verify=false localhost/index "docker://$address/index:all"
  image inspect "$address/index:all" >"$WORK/tree"
  digest=$(sed -n '1s/^index //p' "$WORK/tree")
  equal "the digest of the index" "sha256:$(skopeo inspect --raw --tls-verify=false "docker://$address/index:all" | sha256sum | cut -d ' ' -f 1)" \
    "$digest"
  contains "$WORK/tree" "linux/s390x" "linux/$(dpkg --print-architecture)"
  image copy "$address/index:all" "$WORK/index.tar"
  image validate "$WORK/index.tar"
  skopeo copy --all "oci-archive:$WORK/index.tar" "oci:$WORK/index"
  equal "the digest of the copied index" "$digest" "$(jq -r '.manifests[0].digest' "$WORK/index/index.json")"
  image copy --platform=linux/s390x "$WORK/index.tar" "$WORK/s390x.tar"
  equal "the chosen platform" s390x "$(skopeo --override-arch s390x inspect "docker-archive:$WORK/s390x.tar" | jq -r .Architecture)"
  if image edit "$WORK/index.tar" --user=5 --output="$WORK/x.tar" 2>"$WORK/err"; then fail "there are two images"; fi
  contains "$WORK/err" "contains 2 images, for linux/" "hint: --platform"
  if image edit "$WORK/index.tar" --platform=linux/arm64 --user=5 --output="$WORK/x.tar" 2>"$WORK/err"; then fail "no such image"; fi
  contains "$WORK/err" "no image for linux/arm64; available: linux/"
  image edit "$WORK/index.tar" --platform=linux/s390x --unsetenv=ORIGIN --env=NEW=1 --output="$WORK/edited-s390x.tar"
  skopeo inspect --config "oci-archive:$WORK/edited-s390x.tar" >"$WORK/config"
  equal "the edited image of the index" "s390x NEW" \
    "$(jq -r '"\(.architecture) \([.config.Env[] | split("=")[0] | select(. != "PATH")] | join(" "))"' "$WORK/config")"
  image diff --platform=linux/s390x "$WORK/index.tar" "$address/index:all"
}

# Compressed archives, and a pipe from and to an engine.
streams() {
  local program
  for program in gzip zstd xz; do
    "$program" --stdout <"$base/docker-archive.tar" >"$WORK/packed"
    image cat "$WORK/packed" /etc/passwd | cmp - <(image cat "$base/layout" /etc/passwd)
  done
  docker save localhost/base:latest | image edit - --cmd='["/bin/echo", "piped"]' --name=localhost/piped --output=- | docker load
  equal "what the container prints" "piped" "$(docker_run localhost/piped)"
}

# Everything that it writes has no trace of this machine, and a damaged blob is never copied.
hostile() {
  local blob
  cp -R "$base/layout" "$WORK/damaged"
  blob=$(find "$WORK/damaged/blobs" -type f -size +100k)
  printf 'x' | dd of="$blob" bs=1 seek=5000 conv=notrunc
  if image copy "$WORK/damaged" "$WORK/damaged.tar" 2>"$WORK/err"; then fail "it copies a damaged layer"; fi
  contains "$WORK/err" "sha256:"
  if image export "$WORK/damaged" >"$WORK/out" 2>"$WORK/err"; then fail "it exports a damaged layer"; fi
  if image edit "$WORK/damaged" --user=5 --output="$(cat "$RUN/registry.address")/damaged:v1" 2>"$WORK/err"; then
    fail "it pushes a damaged layer"
  fi
  [ ! -e "$WORK/damaged.tar" ] || fail "an archive is left"
}

completes() {
  image completion bash >"$WORK/completion"
  # shellcheck disable=SC2016
  bash -c 'source "$1"; COMP_WORDS=(image edit --cm) COMP_CWORD=2; _image; printf "%s\n" "${COMPREPLY[@]}"' - \
    "$WORK/completion" >"$WORK/words"
  equal "completions" --cmd "$(cat "$WORK/words")"
}

check "Podman and Docker make and save a base image" base_provide
check "a registry starts" registry_start registry
check "the program is built" env CGO_ENABLED=0 go build -C "$TOP" -o "$RUN/bin/image" ./tools/image
for file in "${bases[@]}"; do
  for engine in podman docker; do
    check "image edit, $engine load and run, base from $file" walks "$engine" "$base/$file"
  done
done
check "the rules make the same images" same_as_rules
check "the outputs of a build" build_outputs
check "why and the report" origins
check "copies from form to form" copies
check "layouts and repositories of skopeo" skopeo_places
check "mounts within a registry" mounts
check "edit from and to a registry" edits_registry
check "export and ls against Podman" exports
check "indexes and platforms" indexes
check "compressed archives and pipes" streams
check "damaged images" hostile
check "completion in bash" completes

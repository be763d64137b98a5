# shellcheck shell=bash
# Bad input: each ends in one clear message that names the target and the faulty part, and leaves no partial output behind.

cd "$E2E/walkthrough"

# left_behind NAME: lists the files of this name in the output directory of //bad, except parameter files.
left_behind() {
  [ ! -e bazel-bin/bad ] || find bazel-bin/bad/ -name "$1.*" ! -type d ! -name '*.params'
}

# refuses LABEL TEXT...: does not build; the message contains the label and each TEXT; no output of the target exists.
refuses() {
  local left
  if bazel build "$1" >"$WORK/out" 2>&1; then fail "$1 builds: $(cat "$WORK/out")"; fi
  contains "$WORK/out" "$@"
  lacks "$WORK/out" "panic:" "goroutine "
  left=$(left_behind "${1##*:}")
  equal "left behind" "" "$left"
}

# archives: ways in which a saved image can be broken.
archives() {
  local good=base/oci-archive.tar blob
  head -c 500000 "$good" >bad/truncated.tar
  head -c 100000 /dev/urandom >bad/garbled.tar
  tar --create --file bad/empty.tar --files-from /dev/null
  # One byte of a layer is changed: only its digest reveals that.
  mkdir "$WORK/altered"
  tar --extract --file "$good" --directory "$WORK/altered"
  blob=$(jq -r '.layers[0].digest' "$WORK/altered/blobs/$(
    jq -r '.manifests[0].digest' "$WORK/altered/index.json" | tr : /
  )")
  echo "$blob" >"$WORK/altered.digest"
  printf X | dd of="$WORK/altered/blobs/${blob/:/\/}" bs=1 seek=4 conv=notrunc
  tar --create --file bad/altered.tar --directory "$WORK/altered" .
}

refuses_altered() { refuses //bad:altered "$(cat "$WORK/altered.digest")"; }

# run_fails COMMAND...: COMMAND, a built image_load or image_push, fails with a message and leaves none of its files.
run_fails() {
  local status=0 left
  mkdir -p "$WORK/tmp"
  TMPDIR=$WORK/tmp "$@" >"$WORK/out" 2>&1 || status=$?
  [ "$status" = 1 ] || fail "exit code $status: $(cat "$WORK/out")"
  lacks "$WORK/out" "panic:" "goroutine "
  left=$(ls -A "$WORK/tmp")
  equal "left behind" "" "$left"
}

without_engines() {
  local program
  program=$(build //:load)
  run_fails env PATH="$WORK/nothing" "$program"
  contains "$WORK/out" //:load docker podman
}

engine_down() {
  local program
  program=$(build //:load)
  run_fails env DOCKER_HOST="unix://$WORK/no.sock" "$program" --engine=docker
  contains "$WORK/out" //:load docker "$WORK/no.sock"
}

# Nothing listens on port 1.
wrong_port() {
  local program
  program=$(build //:push)
  run_fails "$program" --insecure --repository=127.0.0.1:1/my-alpine
  contains "$WORK/out" //:push 127.0.0.1:1/my-alpine "connection refused"
}

unauthorized() {
  local address program
  program=$(build //:push)
  htpasswd -nbB someone secret >"$WORK/htpasswd"
  registry_start refusing "$WORK/htpasswd"
  address=$(cat "$RUN/refusing.address")
  run_fails env DOCKER_CONFIG="$WORK/nobody" "$program" --insecure --repository="$address/my-alpine"
  contains "$WORK/out" //:push "$address/my-alpine" "docker login"
  equal "repositories" '{"repositories":[]}' "$(curl -sSf --user someone:secret "http://$address/v2/_catalog")"
}

check "Podman and Docker make and save a base image" base_provide
check "broken archives are created" archives

check "unknown compression" refuses //bad/attribute:compression compression lzma gzip
check "unknown engine" refuses //bad/engine:load engine rocket docker podman
check "unknown mode" refuses //bad:mode rw-r--r--
check "unknown time" refuses //bad:mtime yesterday
check "unknown port" refuses //bad:port eighty
check "unknown setting to clear" refuses //bad:clearing colour
check "a path that is not absolute" refuses //bad:relative_path etc/one "start with a slash"
check "a path with .." refuses //bad:climbing_path /etc/../../one
check "two files for one path" refuses //bad:two_for_one_path /conf/one.txt bad/one.txt bad/two.txt
check "two files under one name" refuses //bad:two_files_one_name /conf "2 files"
check "a file and a link for one path" refuses //bad:file_and_link /conf bad/one.txt symlink
check "metadata for a missing path" refuses //bad:pattern owner /onn "no such path"
check "a media type for another compression" refuses //bad:media_type layer.v1.tar+gzip zstd
check "a prefix that matches no file" refuses //bad:prefix strip_prefix one.txt "not below on"
check "not a target of rules_pkg" refuses //bad:no_package pkgs //bad:pair MODULE.bazel
check "a program for another architecture" refuses //bad:foreign /app/server arm64 amd64 allow_any_architecture
check "a program for another architecture, allowed" bazel build //bad:allowed
check "a base that does not exist" refuses //bad:nowhere //bad:not_there
check "a base whose file is missing" refuses //bad:missing missing.tar
check "a truncated archive" refuses //bad:truncated truncated.tar
check "a garbled archive" refuses //bad:garbled garbled.tar
check "an empty archive" refuses //bad:empty empty.tar
check "a layer with a wrong digest" refuses_altered
check "a platform that the base lacks" refuses //bad:platform linux/s390x linux/amd64
check "a name that the base lacks" refuses //bad:ref localhost/other:latest
check "an index with one platform twice" refuses //bad:twins linux/amd64
check "no docker and no podman on PATH" without_engines
check "no daemon behind docker" engine_down
check "a registry port with no server" wrong_port
check "a registry that requires a password" unauthorized
rm -f bad/*.tar

# shellcheck shell=bash
# Images on a base that is in a registry: locked, built with the registry switched off, fetched once, behind a password,
# from the repository cache alone, in WORKSPACE mode, and without a lock file.
#
# The workspace is copied, because lock files hold the registry's address. Every copy has its own lock file.

user=strata
password='pa55: word/+%'

# base_publish: team/base:1 in the registry NAME, an index that Podman made, for amd64 and arm64. Its root is busybox, with
# directories that a layer must not imply: /lib is a symlink, and /tmp is world-writable.
base_publish() {
  local arch
  base_root "$WORK/root.tar"
  for arch in amd64 arm64; do
    mkdir "$WORK/$arch"
    tar --extract --file "$WORK/root.tar" --directory "$WORK/$arch"
    mkdir -p "$WORK/$arch/usr/lib"
    ln -s usr/lib "$WORK/$arch/lib"
    chmod 1777 "$WORK/$arch/tmp"
    echo "$arch" >"$WORK/$arch/etc/architecture"
    tar --create --owner=0 --group=0 --numeric-owner --file "$WORK/$arch.tar" --directory "$WORK/$arch" .
    podman import --os linux --arch "$arch" --change 'ENV ORIGIN=base' "$WORK/$arch.tar" "localhost/base:$arch"
  done
  podman manifest create localhost/base:both
  podman manifest add localhost/base:both containers-storage:localhost/base:amd64
  podman manifest add localhost/base:both containers-storage:localhost/base:arm64
  podman manifest push --all --format oci localhost/base:both "dir:$WORK/base"
}

# publish ADDRESS ARGS...: the base as team/base:1 at the address.
publish() { skopeo copy --all --dest-tls-verify=false "${@:2}" "dir:$WORK/base" "docker://$1/team/base:1"; }

# switch_off NAME, switch_on NAME: stops and restarts the registry at the same address. Its log starts again.
switch_off() {
  local pid
  pid=$(cat "$RUN/daemons/$1")
  kill "$pid"
  await 20 gone "$pid"
  rm "$RUN/daemons/$1"
}
gone() { ! kill -0 "$1"; }
switch_on() {
  sed -i "s/127.0.0.1:0/$(cat "$RUN/$1.address")/" "$RUN/$1.yml"
  daemon "$1" docker-registry serve "$RUN/$1.yml"
  await 20 grep 'listening on' "$RUN/$1.log"
}

# all_requests NAME: how many requests the registry has answered since it was switched on.
all_requests() { grep -cE '"[A-Z]+ /v2/' "$RUN/$1.log" || [ $? = 1 ]; }

# workspace NAME: a copy of the workspace in $WORK/NAME. Its sandbox has its own /tmp, which may contain a checkout.
workspace() {
  cp -R "$E2E/base-images" "$WORK/$1"
  sed -i "s,\"\.\./\.\.\",\"$RULES\"," "$WORK/$1/MODULE.bazel" "$WORK/$1/WORKSPACE"
  echo "build --sandbox_add_mount_pair=$RULES" >>"$WORK/$1/.bazelrc"
}

# refused FILE COMMAND...: the command fails, and its output goes to the file.
refused() {
  if "${@:2}" >"$1" 2>&1; then fail "no failure: ${*:2}"; fi
}

opens() {
  registry_start base
  base_publish
  publish "$(cat "$RUN/base.address")"
}

locks() {
  local address arch digest
  address=$(cat "$RUN/base.address")
  workspace off
  cd "$WORK/off"
  echo "common --repository_cache=$WORK/cache" >>.bazelrc
  bazel run @rules_strata//rules:lock -- add base "$address/team/base:1" >"$WORK/locked"
  digest=$(skopeo inspect --raw --tls-verify=false "docker://$address/team/base:1" | sha256sum | cut -d ' ' -f 1)
  contains "$WORK/locked" "base: $address/team/base:1 is sha256:$digest, for linux/amd64, linux/arm64"
  bazel run @rules_strata//rules:lock -- verify >"$WORK/verified"
  contains "$WORK/verified" "base: ok"
  jq -r '.images.base.indexes[0].text | add' images.lock.json | head -c -1 | sha256sum >"$WORK/text"
  contains "$WORK/text" "$digest"
  for arch in amd64 arm64; do
    equal "shape for $arch in the lock file" '["usr/lib","1777"]' "$(jq -c ".images.base.platforms[\"linux/$arch\"].shape |
      add | fromjson | [.symlinks[\"/lib\"], .dirs[\"/tmp\"].mode]" images.lock.json)"
  done
}

builds_offline() {
  cd "$WORK/off"
  switch_off base
  bazel build //:image //:index
  digest_of //:index >"$WORK/digest"
  jq -e '.config.Env | index("ORIGIN=base")' "$(build //:image config)"
  bazel build //:bases
  equal "images of the base" "$(jq -r '.images.base.platforms[].manifest.digest' images.lock.json | sort)" \
    "$(jq -r '.manifests[].digest' "$(bazel info execution_root)/$(bazel cquery --output=files 'config(//:bases, target)' |
      grep 'index.json$')" | sort)"
}

# The same with the registry on, from scratch: it gets no request.
asks_nothing() {
  cd "$WORK/off"
  switch_on base
  bazel clean --expunge
  bazel build //:image //:index
  equal "digest" "$(cat "$WORK/digest")" "$(digest_of //:index)"
  equal "requests of a build" 0 "$(all_requests base)"
  note "requests of a build with a locked base: $(all_requests base)"
}

# The lock file describes the base's directories. A layer's implied directories are compared with them, and a layer can
# be built over the base. It lists the interpreters, too.
compares() {
  cd "$WORK/off"
  refused "$WORK/implying" bazel build //:implying
  contains "$WORK/implying" "the layer implies the directory /lib, which is a symlink to usr/lib below" \
    "the layer implies the directory /tmp with 0755 0:0, which has 1777 0:0 below"
  bazel build //:over //:sh_image
  refused "$WORK/bash" bazel build //:bash_image
  contains "$WORK/bash" "the image lacks the program's interpreter: /run, which starts with #!/bin/bash, needs /bin/bash"
  equal "requests of a build" 0 "$(all_requests base)"
}

# A policy about files does not see the base's layer, which the build does not fetch, and says so.
policed() {
  local policy=--@rules_strata//rules:policy
  cd "$WORK/off"
  refused "$WORK/unseen" bazel build "$policy=//:policy" //:image
  contains "$WORK/unseen" "unseen_layers: the build does not fetch 1 of 2 layers, from $(cat "$RUN/base.address")/team/base, so"
  bazel build "$policy=//:trusting_policy" //:index
  equal "requests of a build" 0 "$(all_requests base)"
}

# An older lock file still works, and a message names the facts that it lacks.
compares_nothing() {
  workspace before
  jq 'del(.images.base.platforms[].shape)' "$WORK/off/images.lock.json" >"$WORK/before/images.lock.json"
  cd "$WORK/before"
  bazel build //:implying
  refused "$WORK/nothing" bazel build //:over
  contains "$WORK/nothing" "attribute over: the directories of" "bazel run @rules_strata//rules:lock -- update"
  bazel run @rules_strata//rules:lock -- update --no-shape
  bazel build //:implying
  bazel run @rules_strata//rules:lock -- remove base
  bazel run @rules_strata//rules:lock -- add base "$(cat "$RUN/base.address")/team/base:1"
  cmp images.lock.json "$WORK/off/images.lock.json"
  refused "$WORK/implying" bazel build //:implying
}

fetches_once() {
  local blobs
  cd "$WORK/off"
  bazel build //:archive
  bazel test //:image_test
  blobs=$(jq -r '.images.base.platforms[].manifest.text | add | fromjson | .layers[].digest' images.lock.json |
    sort -u | wc -l)
  equal "layers of the base" 2 "$blobs"
  equal "requests for blobs" "$blobs" "$(requests base GET /blobs/)"
  equal "requests" "$blobs" "$(all_requests base)"
  archive_valid "$(output //:archive)" 1
}

# An image's own output group cannot fetch, and names the alternative: a rule with the same groups.
groups_say_how() {
  cd "$WORK/off"
  refused "$WORK/group" bazel build --output_groups=oci_layout //:image
  contains "$WORK/group" "it is in a registry only ($(cat "$RUN/base.address")/team/base)" \
    "hint: put an image_archive around the image"
  layout_valid "$(build //:archive oci_layout)" 1
}

# Both engines accept the archive, and the layer on top finds its base below.
runs() {
  local archive engine
  cd "$WORK/off"
  archive=$(output //:archive)
  for engine in docker podman; do
    "$engine" load --input "$archive"
    equal "output of the container" "hello from the layer" "$("${engine}_run" localhost/base-images:latest)"
  done
}

# Both engines find the base's files unchanged.
runs_over() {
  local archive engine
  cd "$WORK/off"
  bazel build //:over_archive
  archive=$(output //:over_archive)
  for engine in docker podman; do
    "$engine" load --input "$archive"
    equal "what $engine sees" "/lib 777 symbolic link
/tmp 1777 directory
/lib/driver.so 644 regular file" \
      "$("${engine}_run" localhost/over:latest /bin/busybox stat -c '%n %a %F' /lib /tmp /lib/driver.so)"
  done
}

airgapped() {
  workspace air
  cp "$WORK/off/images.lock.json" "$WORK/air"
  cd "$WORK/air"
  switch_off base
  bazel build --repository_cache="$WORK/cache" --repository_disable_download //:index //:archive
  equal "digest" "$(cat "$WORK/digest")" "$(digest_of //:index)"
  cmp "$WORK/off/bazel-bin/archive.tar" "$WORK/air/bazel-bin/archive.tar"
}

# Without cache and registry, and for a missing platform, the message states the problem, the place and the command to run.
names_missing() {
  local address
  address=$(cat "$RUN/base.address")
  cd "$WORK/air"
  bazel clean --expunge
  refused "$WORK/missing" bazel build --repository_cache="$WORK/empty" //:archive
  contains "$WORK/missing" "of image @base: $address/team/base: " "bazel run @rules_strata//rules:lock -- update"
  refused "$WORK/platform" bazel build --platforms=//:linux_riscv64 //:image
  contains "$WORK/platform" "$address/team/base:1: no image for the target platform" \
    "only for linux/amd64, linux/arm64"
  sed -i '0,/ORIGIN=base/s//ORIGIN=face/' images.lock.json
  refused "$WORK/changed" bazel build //:image
  contains "$WORK/changed" "config: the text has the digest sha256:" "//rules:lock -- update"
  cp "$WORK/off/images.lock.json" .
}

workspace_mode() {
  local mode=(--noenable_bzlmod --enable_workspace)
  workspace old
  cp "$WORK/off/images.lock.json" "$WORK/old"
  cd "$WORK/old"
  bazel build "${mode[@]}" //:image //:index //:over
  refused "$WORK/old-implying" bazel build "${mode[@]}" //:implying
  contains "$WORK/old-implying" "the layer implies the directory /lib"
  equal "digest" "$(cat "$WORK/digest")" "$(cat bazel-bin/index.digest)"
  switch_on base
  bazel build "${mode[@]}" //:archive
  cmp "$WORK/off/bazel-bin/archive.tar" bazel-bin/archive.tar
  equal "requests" 2 "$(all_requests base)"
}

pulls() {
  local address digest
  address=$(cat "$RUN/base.address")
  digest=$(jq -r .images.base.digest "$WORK/off/images.lock.json")
  workspace pulled
  cd "$WORK/pulled"
  sed -i "s|^images.from_lock.*|images.pull(name = \"base\", reference = \"$address/team/base:1@$digest\")|" MODULE.bazel
  bazel build //:index //:archive
  equal "digest" "$(cat "$WORK/digest")" "$(digest_of //:index)"
  cmp "$WORK/off/bazel-bin/archive.tar" bazel-bin/archive.tar
  sed -i "s,@sha256:[0-9a-f]*,," MODULE.bazel
  refused "$WORK/tag" bazel build //:index
  contains "$WORK/tag" "image base: reference \"$address/team/base:1\": the digest is missing" \
    "bazel run @rules_strata//rules:lock -- add base $address/team/base:1"
  sed -i "s,team/base:1,team/base:1@sha256:$(printf %064d 0)," MODULE.bazel
  refused "$WORK/wrong" bazel build //:index
  contains "$WORK/wrong" "image $address/team/base:1@sha256:000" "not found" ":lock -- update"
}

# Passwords are found where docker login left them, or in netrc, and nowhere else: not in the lock file, not in messages.
passwords() {
  local address
  htpasswd -nbB "$user" "$password" >"$WORK/htpasswd"
  registry_start locked "$WORK/htpasswd"
  address=$(cat "$RUN/locked.address")
  publish "$address" --dest-creds "$user:$password"
  docker --config "$WORK/login" login --username "$user" --password-stdin "$address" <<<"$password"
  workspace secret
  cd "$WORK/secret"
  refused "$WORK/anonymous" bazel run @rules_strata//rules:lock -- add base "$address/team/base:1"
  contains "$WORK/anonymous" "image base: $address/team/base: manifest 1: 401" "docker login $address"
  DOCKER_CONFIG=$WORK/login bazel run @rules_strata//rules:lock -- add base "$address/team/base:1"
  bazel build //:index
  equal "digest" "$(cat "$WORK/digest")" "$(digest_of //:index)"
  refused "$WORK/denied" bazel build --repository_cache="$WORK/denied-cache" //:archive
  contains "$WORK/denied" "of image @base: $address/team/base: " "docker login"
  DOCKER_CONFIG=$WORK/login bazel build --repository_cache="$WORK/login-cache" //:archive >"$WORK/log" 2>&1
  cmp "$WORK/off/bazel-bin/archive.tar" bazel-bin/archive.tar
  bazel clean --expunge
  printf 'machine 127.0.0.1\nlogin %s\npassword %s\n' "$user" 'pa55:word' >"$WORK/netrc"
  htpasswd -bB "$WORK/htpasswd" "$user" 'pa55:word'
  NETRC=$WORK/netrc bazel build --repository_cache="$WORK/netrc-cache" //:archive >>"$WORK/log" 2>&1
  cmp "$WORK/off/bazel-bin/archive.tar" bazel-bin/archive.tar
  for file in log denied anonymous secret/images.lock.json; do
    lacks "$WORK/$file" "$password" pa55:word "$(printf %s "$user:$password" | base64)"
  done
}

check "a registry with a base of two platforms" opens
check "a base is locked and verified" locks
check "image and index are built with the registry switched off" builds_offline
check "a build makes no request" asks_nothing
check "implied directories of a layer are compared with the base" compares
check "a policy reports layers that it does not see" policed
check "archive and test fetch each layer once" fetches_once
check "the error of an output group names the alternative" groups_say_how
check "a Docker daemon starts" docker_start
check "the image runs in Docker and Podman" runs
check "an image with layers over its base runs in both" runs_over
check "an air-gapped build from lock file and repository cache" airgapped
check "errors name missing layers and platforms" names_missing
check "WORKSPACE mode" workspace_mode
check "a lock file without shapes" compares_nothing
check "an image without a lock file" pulls
check "a registry with a password" passwords

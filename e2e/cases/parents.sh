# shellcheck shell=bash
# Directories that a layer merely implies do not change those of a base: one base that Podman made and one made here, as
# both engines see the result.

cd "$E2E/parents"

base_made() {
  local root=$WORK/root
  mkdir -p "$root"/usr/{bin,lib} "$root"/home/app "$root"/{dev,etc,proc,sys,tmp}
  chmod 0755 "$root"
  chmod 1777 "$root/tmp"
  chmod 0700 "$root/home/app"
  chown 1000:1000 "$root/home/app"
  ln -s usr/bin "$root/bin"
  ln -s usr/lib "$root/lib"
  cp /bin/busybox "$root/usr/bin/busybox"
  cp libbase.so "$root/usr/lib/libbase.so"
  rm -rf base
  mkdir base
  cp /bin/busybox base/busybox
  tar --create --numeric-owner --directory "$root" . | podman import - localhost/parents-base:latest
  podman save --format oci-archive --output base/oci-archive.tar localhost/parents-base:latest
}

# refused IMAGE TEXT...: the image is not built, and the message contains all texts.
refused() {
  if bazel build "//:$1" >"$WORK/log" 2>&1; then fail "//:$1 is built"; fi
  contains "$WORK/log" "${@:2}"
}

implied() {
  refused "$1" "the layer implies the directory /lib, which is a symlink to usr/lib below" \
    "the layer implies the directory /tmp with 0755 0:0, which has 1777 0:0 below" \
    "the layer implies the directory /home/app with 0755 0:0, which has 0700 1000:1000 below" \
    'dirs = ["/lib"], modes = {"/home/app": "0700", "/tmp": "1777"}, owners = {"/home/app": "1000:1000"}'
}

tree() { refused "tree_on_$1" "the layer implies the directory /lib, which is a symlink to usr/lib below"; }

# loaded IMAGE N: loads it into both engines. N of its layers are third-party.
loaded() {
  local archive
  archive=$(build "//:$1_archive")
  archive_valid "$archive" "$2"
  docker load --input "$archive"
  podman load --input "$archive"
}

# seen ENGINE IMAGE: the directories as a container sees them.
seen() {
  "$1_run" "localhost/$2:latest" /usr/bin/busybox stat -c '%n %a %u:%g %F' /home/app /lib /tmp /lib/driver.so
}

kept() {
  equal "$2 in $1" "/home/app 700 1000:1000 directory
/lib 777 0:0 symbolic link
/tmp 1777 0:0 directory
/lib/driver.so 644 0:0 regular file" "$(seen "$1" "$2")"
  equal "the base's library" library "$("$1_run" "localhost/$2:latest" /usr/bin/busybox cat /lib/libbase.so)"
}

stated() {
  equal "stated directories in $1" "/home/app 750 1000:1000 directory
/lib 755 0:0 directory
/tmp 1777 0:0 directory
/lib/driver.so 644 0:0 regular file" "$(seen "$1" stating_on_imported)"
}

# in_engine: commands of image_test run in Docker, of which nothing remains, and without Docker the test fails.
in_engine() {
  bazel test //:engine_test
  equal "images of tests" "" "$(docker image ls --quiet localhost/rules_strata/image_test)"
  if DOCKER_HOST=unix://$WORK/none.sock bazel test --test_output=errors //:engine_test >"$WORK/log" 2>&1; then
    fail "the test passes without Docker"
  fi
  contains "$WORK/log" "no usable container engine: docker: does not answer"
}

check "a base is created" base_made
for base in built imported; do
  check "$base: implied directories are refused" implied "implying_on_$base"
  check "$base: implied directories of a tree are refused" tree "$base"
done
check "lower layers are treated like a base" implied implying_above
check "a Docker daemon starts" docker_start
check "over a base that was built" loaded over_on_built 0
check "over a base that was imported" loaded over_on_imported 1
check "a layer that states its changes" loaded stating_on_imported 1
for engine in docker podman; do
  for base in built imported; do check "$engine, over $base: the base is as it was" kept "$engine" "over_on_$base"; done
  check "$engine: the stated metadata applies" stated "$engine"
done
check "image_test" bazel test //:over_on_imported_test
check "image_test with commands in Docker" in_engine

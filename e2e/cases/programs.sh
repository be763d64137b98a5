# shellcheck shell=bash
# The executables of image_load and image_test in all places where people put them: tools of actions, data of tests, behind
# links and rules that rename them, without a runfiles directory, in an image. They use the arguments of their rule.

cd "$E2E/programs"

# Actions run in the sandbox, which contains only declared files.
in_build() {
  bazel test --test_output=errors //... @other//:test
  cmp bazel-bin/load.tar bazel-bin/wrapped_load.tar
  archive_valid "$PWD/bazel-bin/load.tar"
  tar --extract --to-stdout --file bazel-bin/other.tar manifest.json >"$WORK/manifest.json"
  contains "$WORK/manifest.json" localhost/other:latest
}

# same COMMAND...: an image_load of //:image makes the archive that the build made, however it is called.
same() {
  rm -f "$WORK/archive.tar"
  "$@" --archive="$WORK/archive.tar"
  cmp bazel-bin/load.tar "$WORK/archive.tar"
}

run_without_runfiles() {
  same bazel run --noenable_runfiles //:load --
  same bazel run --noenable_runfiles //:wrapped_load --
  bazel build //:load //:wrapped_load # with runfiles again
}

linked() {
  mkdir -p "$WORK/bin"
  ln -sf "$PWD/bazel-bin/load" "$WORK/bin/deploy-by-link"
  same "$WORK/bin/deploy-by-link"
  PATH=$WORK/bin:$PATH same deploy-by-link
  cd bazel-bin
  rm -f "$WORK/archive.tar"
  ./wrapped_load --archive="$WORK/archive.tar"
  cmp load.tar "$WORK/archive.tar"
}

in_image() {
  local root=$WORK/root name
  mkdir "$root"
  tar --extract --directory "$root" --file "$(build //:deployer)"
  for name in /app/deploy /bin/link; do
    rm -f "$root/archive.tar"
    chroot "$root" "$name" --archive=/archive.tar
    cmp bazel-bin/load.tar "$root/archive.tar"
  done
}

# Without its runfiles it cannot work, and reports why.
alone() {
  local status=0
  cp --dereference bazel-bin/load "$WORK/alone"
  (cd / && "$WORK/alone" --archive=- 2>"$WORK/err") || status=$?
  equal "exit code" 2 "$status"
  contains "$WORK/err" "started without the arguments of its rule" "$WORK/alone.runfiles" RUNFILES_DIR
}

check "as tools of actions and data of tests, renamed, from another module" in_build
check "bazel run" same bazel run //:load --
check "bazel run, behind a rule with another name" same bazel run //:wrapped_load --
check "through links, on the PATH, and from elsewhere" linked
check "in an image" in_image
check "no runfiles directory, only a manifest" run_without_runfiles
check "without its runfiles, its error explains the cause" alone

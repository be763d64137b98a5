# shellcheck shell=bash
# A release, as its users get it: they download the module and the tools from a file server, and have Bazel but no Go.
#
# The case releases the last commit, because the release builder reads nothing else.

export BAZELW_MODE=airgap
version=$(sed -n 's/^    version = "\(.*\)",/\1/p' "$TOP/MODULE.bazel" | head -n 1)
downloads=github.com/rules-strata/rules_strata/releases/download/v$version

# option NAME: the value of a JVM option of Bazel's server here.
option() {
  local pid
  pid=$(bazel info server_pid)
  tr '\0' '\n' <"/proc/$pid/cmdline" | sed -n "s/^-D$1=//p"
}

# bare COMMAND ARGS...: Bazel without Go on PATH. bazelw always requires Go, so this calls
# the script that bazelw runs.
bare() {
  local root modules
  root=$(cat "$WORK/root")
  modules=$(cat "$WORK/modules")
  PATH=/usr/bin:/bin "$TOP/dev/airgap/launch.sh" "$root" "$modules" --output_user_root="$BAZELS" "$1" --color=no --curses=no --noshow_progress "${@:2}" 3>&-
}

# What e2e/run made, with the tools for this machine; .ci/check compiles those for other platforms.
releases() {
  cp -R "$COPIES/release" .
  (cd release && sha256sum --check SHA256SUMS)
  note "$(cd release && stat -c '%s bytes: %n' rules_strata-*.tar.gz ./*-tools-linux_amd64*)"
}

# The same commit in another directory, compiled with an empty cache.
releases_again() {
  git clone -q "$COPIES/commit" "$WORK/clone"
  (cd clone && umask 077 && GOCACHE=$WORK/go-cache TZ=Asia/Tokyo \
    bazel run //dev/release -- --output="$WORK/again" --platforms=linux_amd64)
  diff -r release again
}

# Files that only developers need stay out of the archive.
lacks_developer_files() {
  tar -tzf "release/rules_strata-v$version.tar.gz" >names
  grep -E '/(dev|\.ci|\.github|bazelw|tools/migrate/testdata)(/|$)|/e2e/[^s]|/rules/tests/' names >developer-files || [ $? = 1 ]
  equal "files that users do not need" "" "$(cat developer-files)"
  contains names "rules_strata-$version/rules/defs.bzl" "rules_strata-$version/e2e/smoke/MODULE.bazel"
}

# serve NAME DIR: a file server for the directory, and NAME.config, with which Bazel downloads the release from that server
# and nothing from anywhere else.
serve() {
  daemon "$1" "$RUN/bin/fileserver" "$2"
  await 20 grep 'listening on' "$RUN/$1.log"
  cat >"$WORK/$1.config" <<CONFIG
rewrite $downloads/(.*) http://$(sed -n 's/^listening on //p' "$RUN/$1.log")/\$1
allow 127.0.0.1
block *
CONFIG
}

served() {
  go build -C "$E2E/fileserver" -o "$RUN/bin/fileserver" .
  serve files "$WORK/release"
  mkdir probe
  touch probe/MODULE.bazel
  (cd probe && option bazelw.root) >root-name
  (cd probe && option javax.net.ssl.trustStore) >trust-store
  dirname "$(cat trust-store)" >modules
  printf '%s/%s\n' "$(dirname "$(cat modules)")" "$(cat root-name)" >root
}

# consumer NAME SERVER MODULE...: a workspace that depends on the modules, at the version of the release. Nothing is cached.
consumer() {
  local module
  cp -R "$E2E/smoke" "$1"
  echo 'module(name = "consumer")' >"$1/MODULE.bazel"
  for module in "${@:3}"; do echo "bazel_dep(name = \"$module\", version = \"$version\")"; done >>"$1/MODULE.bazel"
  cat >"$1/.bazelrc" <<BAZELRC
common --registry=file://$WORK/release/registry
common --experimental_downloader_config=$WORK/$2.config
common --repository_cache=$WORK/$1.cache
common --disk_cache=
BAZELRC
}

# repositories: the names of the repositories that Bazel has fetched in the workspace of the current directory.
repositories() {
  local base
  base=$(bare info output_base)
  (cd "$base/external" && printf '%s\n' *)
}

prebuilt() {
  local started=$EPOCHREALTIME
  consumer prebuilt files rules_strata
  cd prebuilt
  bare build //:image
  note "from \`bazel build\` to the image, with prebuilt tools: $(seconds_since "$started") s"
  cp bazel-bin/image.digest "$WORK/prebuilt.digest"
  repositories >"$WORK/repositories"
  lacks "$WORK/repositories" rules_go gazelle go_sdk go_deps run_tools
  contains "$RUN/files.log" "GET /rules_strata-v$version.tar.gz" "GET /build-tools-linux_amd64.tar.xz"
  equal "downloads" 2 "$(grep -c GET "$RUN/files.log")"
}

# seconds_since TIME: with one decimal.
seconds_since() {
  local tenths=$(((${EPOCHREALTIME/./} - ${1/./}) / 100000))
  printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

# The programs that users run, too.
runs() {
  cd prebuilt
  bare test //:image_test
  bare run //:load -- --archive="$WORK/loaded.tar"
  archive_valid "$WORK/loaded.tar"
  bare run @rules_strata//rules:lock -- --help >"$WORK/lock"
  contains "$WORK/lock" "images.lock.json"
  equal "the file in the image" "$(cat index.html)" "$(bare run @rules_strata//rules:image -- cat "$WORK/loaded.tar" /srv/index.html)"
  repositories >"$WORK/repositories"
  lacks "$WORK/repositories" rules_go gazelle go_sdk go_deps
  equal "downloads" 3 "$(grep -c GET "$RUN/files.log")"
}

# The program is downloaded now, reads the workspace of the user, and takes paths from the user's directory.
migrates() {
  cd prebuilt
  mkdir -p old
  cat >old/BUILD.bazel <<BUILD
load("@rules_oci//oci:defs.bzl", "oci_image")

oci_image(
    name = "image",
    architecture = "amd64",
    os = "linux",
)
BUILD
  cd old
  bare run @rules_strata//tools/migrate -- BUILD.bazel >"$WORK/changes"
  contains "$WORK/changes" "+++ b/old/BUILD.bazel" "+image("
  bare run @rules_strata//tools/migrate -- --write
  contains BUILD.bazel '"@rules_strata//rules:defs.bzl"'
  equal "downloads" 4 "$(grep -c GET "$RUN/files.log")"
  contains "$RUN/files.log" "GET /migrate-tools-linux_amd64.tar.xz"
  repositories >"$WORK/repositories"
  lacks "$WORK/repositories" rules_go gazelle go_sdk go_deps
}

# The release as an http_archive, without modules.
workspace_mode() {
  mkdir workspace
  cp "$E2E/smoke"/{BUILD.bazel,index.html} workspace
  cat >workspace/WORKSPACE <<WORKSPACE
load("@bazel_tools//tools/build_defs/repo:http.bzl", "http_archive")

http_archive(
    name = "rules_strata",
    sha256 = "$(sha256sum "release/rules_strata-v$version.tar.gz" | cut -d ' ' -f 1)",
    strip_prefix = "rules_strata-$version",
    url = "https://$downloads/rules_strata-v$version.tar.gz",
)

load("@rules_strata//rules:repositories.bzl", "rules_strata_dependencies")

rules_strata_dependencies()

load("@rules_strata//rules:workspace.bzl", "rules_strata_register_toolchains")

rules_strata_register_toolchains()
WORKSPACE
  cat >workspace/.bazelrc <<BAZELRC
common --noenable_bzlmod --enable_workspace
common --experimental_downloader_config=$WORK/files.config
BAZELRC
  cd workspace
  bare build //:image
  cmp bazel-bin/image.digest "$WORK/prebuilt.digest"
  repositories >"$WORK/repositories"
  lacks "$WORK/repositories" rules_go gazelle go_sdk
}

source_tools() {
  local started=$EPOCHREALTIME
  consumer source files rules_strata rules_strata_source
  echo 'common --@rules_strata//rules:tools=source' >>source/.bazelrc
  cd source
  bare build //:image
  note "from \`bazel build\` to the image, with tools from source: $(seconds_since "$started") s"
  cmp bazel-bin/image.digest "$WORK/prebuilt.digest"
  bare run @rules_strata//tools/migrate -- --help 2>"$WORK/migrate"
  contains "$WORK/migrate" "usage: migrate"
  repositories >"$WORK/repositories"
  lacks "$WORK/repositories" build_tools run_tools migrate_tools
}

# A dependency on the source does not change the tools: the flag does.
prebuilt_beside_source() {
  cd source
  bare build --@rules_strata//rules:tools=prebuilt //:image
  repositories >"$WORK/repositories"
  contains "$WORK/repositories" build_tools_linux_amd64
}

# Tools with other contents never run.
another_archive() {
  mkdir other
  cp "release/rules_strata-v$version.tar.gz" other
  cp release/run-tools-linux_amd64.tar.xz other/build-tools-linux_amd64.tar.xz
  serve other "$WORK/other"
  consumer refused other rules_strata
  cd refused
  if bare build //:image >"$WORK/refused.log" 2>&1; then fail "no failure: $(cat "$WORK/refused.log")"; fi
  contains "$WORK/refused.log" "Checksum was" \
    "rules_strata: the build tools for linux_amd64 could not be downloaded, or differ from those of this release" \
    "https://$downloads/build-tools-linux_amd64.tar.xz" "hint: "
}

check "a release has everything that its list names" releases
check "another checkout gives the same bytes" releases_again
check "the module archive contains only files for users" lacks_developer_files
check "a file server has the release" served
check "an image with prebuilt tools: no rules_go, no Go" prebuilt
check "prebuilt tools test, load and lock" runs
check "prebuilt migrate" migrates
check "the same in WORKSPACE mode" workspace_mode
check "tools from source give the same digest" source_tools
check "prebuilt tools next to the source" prebuilt_beside_source
check "tools with another checksum are refused" another_archive

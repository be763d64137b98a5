# shellcheck shell=bash
# Conda environments as images: a Python of Debian's files, packed for Conda together with two libraries and two noarch packages
# and locked by a pixi.lock, runs in Docker and Podman; and only the layers of a changed package are rebuilt. For amd64.
#
# The workspace is copied, because its lock file and the file server's address differ from run to run. The lock file has
# fixed URLs, so the records in the image do not.

packages python3.11-minimal libpython3.11-minimal libpython3.11-stdlib libexpat1 zlib1g python3-six libc6
channel=$WORK/channel
url=https://conda.example/channel
# As long as those of conda-build.
placeholder=/placeholder$(printf _%.0s {1..243})

# files NAME...: the regular files and symlinks of Debian packages.
files() {
  local name
  dpkg -L "$@" | while read -r name; do
    if [ -L "$name" ] || [ -f "$name" ]; then printf '%s\n' "$name"; fi
  done
}

# entry FILE CONDAPACK-ARGS...: packs a directory; the package's entry for the lock file goes to $WORK/entries/FILE.
entry() { "$RUN/bin/condapack" --url="$url" --placeholder="$placeholder" "${@:2}" "$channel" >"$WORK/entries/$1"; }

# python VERSION: Debian's Python, relocated. It looks for packages where Debian has them, which the package states, and for
# libraries in the environment, by a variable that the package sets.
python() {
  local dir=$WORK/python name
  rm -rf "$dir"
  mkdir -p "$dir"/{bin,lib} "$dir/etc/conda/env_vars.d"
  files python3.11-minimal libpython3.11-minimal libpython3.11-stdlib | grep '^/usr/lib/python3.11/' | grep -v /sitecustomize.py |
    while read -r name; do
      mkdir -p "$dir/lib/$(dirname "${name#/usr/lib/}")"
      cp -P "$name" "$dir/lib/${name#/usr/lib/}"
    done
  cp /usr/bin/python3.11 "$dir/bin/python3.11"
  ln -s python3.11 "$dir/bin/python"
  find "$dir/lib" -name '_sysconfigdata*.py' -exec sed -i "s,'/usr,'$placeholder,g" {} +
  printf '{"LD_LIBRARY_PATH": "%s/lib"}\n' "$placeholder" >"$dir/etc/conda/env_vars.d/python.json"
  printf '%s\n' "$1" >"$dir/lib/python3.11/version.txt"
  entry python --name=python --version="$1" --site-packages=lib/python3.11/dist-packages --license=Python-2.0 \
    --depends='libexpat >=2' --depends='libzlib >=1.2,<2' "$dir"
}

# greet VERSION: our program, of noarch: python, with an entry point.
greet() {
  local dir=$WORK/greet
  rm -rf "$dir"
  mkdir -p "$dir/site-packages/greet"
  cat >"$dir/site-packages/greet/__init__.py" <<PYTHON
import os, sys, sysconfig, zlib
from xml.parsers import expat
import six

def main():
    print("greet $1", sys.prefix, sysconfig.get_config_var("prefix"), zlib.ZLIB_RUNTIME_VERSION, expat.EXPAT_VERSION,
          six.__version__, os.environ["CONDA_PREFIX"], os.environ["CONDA_DEFAULT_ENV"], os.environ["PATH"])
PYTHON
  entry greet --name=greet --version="$1" --build=py_0 --subdir=noarch --noarch=python --entry-point='greet = greet:main' \
    --depends='python >=3.11' --depends=six "$dir"
}

# libraries: what does not change.
libraries() {
  mkdir -p "$WORK"/{expat/lib,zlib/lib,six/site-packages}
  files zlib1g | grep '/libz\.so' | xargs -I{} cp -P {} "$WORK/zlib/lib"
  entry zlib --name=libzlib --version=1.2.13 --license=Zlib "$WORK/zlib"
  files libexpat1 | grep '/libexpat\.so' | xargs -I{} cp -P {} "$WORK/expat/lib"
  entry expat --name=libexpat --version=2.5.0 --license=MIT "$WORK/expat"
  cp /usr/lib/python3/dist-packages/six.py "$WORK/six/site-packages"
  head -c 3M /dev/urandom >"$WORK/six/site-packages/large.bin" # so it has a layer of its own
  entry six --name=six --version=1.16.0 --build=py_0 --subdir=noarch --noarch=python --license=MIT --depends=python "$WORK/six"
}

# private NAME: a package of the channel with a password.
private() {
  mkdir -p "$WORK/$1/share"
  echo "$1" >"$WORK/$1/share/$1.txt"
  "$RUN/bin/condapack" --url=https://conda.example/private --name="$1" --version=1.0 "$WORK/$1" "$WORK/private" \
    >"$WORK/entries/$1"
}

# environment NAME PACKAGE...: an environment of pixi.lock.
environment() {
  local name
  printf '  %s:\n    channels:\n    - url: %s/\n    packages:\n      linux-64:\n' "$1" "$url"
  for name in "${@:2}"; do
    sed -n 's/^  - conda:/      - conda:/p' "$WORK/entries/$name"
  done
}

# lock: pixi.lock of all environments; "other" has no greet.
lock() {
  printf 'version: 6\nenvironments:\n'
  environment default expat python six zlib greet
  environment other expat python six zlib
  environment netrc netrc
  environment helper helper
  printf 'packages:\n'
  (cd "$WORK/entries" && cat ./*)
}

# base: a base image with Debian's C library and busybox.
base() {
  local root=$WORK/root name
  base_root "$WORK/root.tar"
  mkdir "$root"
  tar --extract --file "$WORK/root.tar" --directory "$root"
  files libc6 | grep -E '^/(usr/)?lib(64|/x86_64-linux-gnu)/[^/]*$' | while read -r name; do
    mkdir -p "$root/$(dirname "$name")"
    cp -P "$name" "$root/$name"
  done
  tar --create --owner=0 --group=0 --numeric-owner --file "$WORK/root.tar" --directory "$root" .
  podman import --change 'ENV PATH=/usr/bin:/bin' --change 'ENV CONDA_SHLVL=9' "$WORK/root.tar" localhost/conda-base:latest
  podman save --format oci-archive --output "$WORK/base.tar" localhost/conda-base:latest
}

# workspace DIR: a copy of the workspace. Its sandbox has its own /tmp, which may contain a checkout. All workspaces share a
# cache, that of the machine if it has one.
workspace() {
  mkdir -p "$(dirname "$1")"
  cp -R "$E2E/conda" "$1"
  cp "$WORK/base.tar" "$1"
  sed -i "s,\"\.\./\.\.\",\"$RULES\",; s,LOCKS,$WORK/locks,; s,MIRROR,$(cat "$WORK/channel.address"),
    s,PRIVATE,$(cat "$WORK/private.address")," "$1/MODULE.bazel" "$1/WORKSPACE"
  printf '%s\n' "build --sandbox_add_mount_pair=$RULES" "build --incompatible_strict_action_env" \
    "common --repository_cache=$WORK/repository-cache" >>"$1/.bazelrc"
  [ -n "$(cached "$1")" ] || echo "build --disk_cache=$WORK/disk-cache" >>"$1/.bazelrc"
  lock >"$1/pixi.lock"
}

# cached DIR: the line of Bazel's announcement that sets a disk cache for the workspace, if there is one.
cached() { (cd "$1" && bazel info --announce_rc release 2>&1 | grep -e '--disk_cache=[^ ]') || [ $? = 1 ]; }

# refused FILE COMMAND...: the command fails, and its output goes to the file.
refused() {
  if "${@:2}" >"$1" 2>&1; then fail "no failure: ${*:2}"; fi
}

# serve NAME ARGS...: starts a file server, whose address goes to $WORK/NAME.address.
serve() {
  daemon "$1" "$RUN/bin/fileserver" "${@:2}"
  await 20 grep 'listening on' "$RUN/$1.log"
  sed -n 's/^listening on //p' "$RUN/$1.log" >"$WORK/$1.address"
}

prepare() {
  go build -C "$E2E/condapack" -o "$RUN/bin/condapack" .
  go build -C "$E2E/condayaml" -o "$RUN/bin/condayaml" .
  go build -C "$E2E/fileserver" -o "$RUN/bin/fileserver" .
  mkdir -p "$WORK/entries"
  libraries
  python 3.11.2
  greet 1.0
  base
  private netrc
  private helper
  serve channel "$channel"
  serve private --auth=user:s3same "$WORK/private"
  workspace "$WORK/ws"
}

# The parser in Starlark never reads anything else than a YAML library does, and reads all real files.
parses() {
  "$RUN/bin/condayaml" mutate 4000 "$WORK/locks" "$E2E"/conda/locks/{pixi-*.lock,conda-lock-zlib.yml}
  cp "$E2E"/conda/locks/{pixi-*.lock,conda-lock-zlib.yml} "$WORK/locks"
  for file in "$E2E"/conda/locks/{pixi-*.lock,conda-lock-zlib.yml}; do
    sed 's/$/\r/' "$file" >"$WORK/locks/windows-$(basename "$file")"
  done
  cd "$WORK/ws"
  bazel build @parsed//:parsed.json
  local parsed
  # _main~_repo_rules~parsed, or +_repo_rules+parsed in newer versions of Bazel.
  parsed=$(echo "$(bazel info output_base)"/external/*_repo_rules?parsed/parsed.json)
  note "lock files: $("$RUN/bin/condayaml" compare "$parsed" "$WORK"/locks/*)"
  equal "real lock files" "accepted 10, refused 0" \
    "$("$RUN/bin/condayaml" compare "$parsed" "$WORK"/locks/*{.lock,-zlib.yml})"
}

greeting="/opt/conda /opt/conda 1.2.13 expat_2.5.0 1.16.0 /opt/conda env /opt/conda/bin:/usr/bin:/bin"

builds() {
  cd "$WORK/ws"
  bazel build //:image //:archive
  bazel test //:image_test
  archive_valid "$(output //:archive)" 1
  jq .config.Env "$(build //:image config)" >"$WORK/env"
  contains "$WORK/env" '"CONDA_PREFIX=/opt/conda"' '"LD_LIBRARY_PATH=/opt/conda/lib"' '"CONDA_SHLVL=1"' '"PATH_BEFORE=unset"'
  note "$(build //:image digest | xargs cat)"
}

# An archive is fetched once, from the mirror.
fetches_once() {
  cd "$WORK/ws"
  bazel build //:other_image //:elsewhere_image
  equal "requests" 5 "$(grep -c '^GET ' "$RUN/channel.log")"
}

# A channel with a password: Bazel takes it from netrc or from a credential helper. Each package is fetched for the first time,
# so none is in a cache.
has_password() {
  local address name path
  address=$(cat "$WORK/private.address")
  printf 'machine %s login user password s3same\n' "${address%:*}" >"$WORK/login.netrc"
  printf '#!/bin/sh\ncat >&2\necho %s\n' "'{\"headers\": {\"Authorization\": [\"Basic $(printf user:s3same | base64)\"]}}'" \
    >"$WORK/credential-helper"
  chmod +x "$WORK/credential-helper"
  cd "$WORK/ws"
  for name in netrc helper; do
    refused "$WORK/said" bazel build "@$name"
    contains "$WORK/said" "package $name: the downloads of http://$address/" "hint: a channel with a password"
  done
  NETRC=$WORK/login.netrc bazel build @netrc
  bazel build --credential_helper="$WORK/credential-helper" @helper
  for name in netrc helper; do
    path=/linux-64/$name-1.0-0.conda
    equal "requests with a password" 1 "$(grep -c "^GET $path" "$RUN/private.log")"
    equal "requests without" 1 "$(grep -c "^401 $path" "$RUN/private.log")"
  done
}

runs() {
  cd "$WORK/ws"
  bazel run //:load -- --engine="$1"
  equal "what it says" "greet 1.0 $greeting" "$("$1_run" localhost/conda:latest)"
  "$1_run" localhost/conda:latest python -c 'import json, sqlite3' 2>"$WORK/import" || contains "$WORK/import" libsqlite3
  # shellcheck disable=SC2016 # the container's shell expands it
  equal "records" "5 0" "$("$1_run" localhost/conda:latest sh -c \
    'echo $(ls /opt/conda/conda-meta | grep -c json) $(busybox wc -c </opt/conda/conda-meta/history)')"
  bazel run //:elsewhere_load -- --engine="$1"
  equal "what it says elsewhere" "hello from /srv/python-env /srv/python-env mine" "$("$1_run" localhost/conda:elsewhere)"
}

# conda itself is not in Debian; the files that it would read are compared with those of conda by the tests of mkconda.
lists() {
  cd "$WORK/ws"
  equal "packages" '["greet 1.0","libexpat 2.5.0","libzlib 1.2.13","python 3.11.2","six 1.16.0"]' \
    "$(jq -c '[.packages[] | "\(.name) \(.version)"]' "$(build //:env packages)")"
}

# processes LOG: the processes of an execution log, "MNEMONIC COUNT" joined by commas, without those from a cache.
processes() {
  jq -rs 'map(select(.cacheHit | not)) | group_by(.mnemonic) | map("\(.[0].mnemonic) \(length)") | join(", ")' "$1"
}

# makes ARGS...: a build that takes nothing of ours from the cache.
makes() { bazel build --modify_execution_info='Mk.*=+no-cache' "$@"; }

# changed WHAT WANT: builds the image with the current packages; fails unless the processes were WANT.
changed() {
  local got
  cd "$WORK/ws"
  lock >pixi.lock
  makes --execution_log_json_file="$WORK/log" //:image
  got=$(processes "$WORK/log")
  note "$1: $got"
  equal "processes" "$2" "$got"
}

noarch_changed() {
  cd "$WORK/ws"
  makes //:image
  greet 1.1
  changed "one small noarch package changed" "MkCondaEnvironment 1, MkCondaLayer 1, MkConfig 1, MkManifest 1"
}

# Its layer only: layers of noarch packages, alone (six) or in a group (greet), depend on the minor version, not on the package.
python_changed() {
  python 3.11.3
  changed "the Python changed" "MkCondaEnvironment 1, MkCondaLayer 1, MkCondaPython 1, MkConfig 1, MkManifest 1"
}

# The two environments share the layers of Python and six: the same files, made once. Another workspace has all layers from the cache.
shares() {
  cd "$WORK/ws"
  bazel build --output_groups=descriptor //:env //:other
  bazel cquery --output=files --output_groups=descriptor 'config(//:env, target)' | sort >"$WORK/env.layers"
  bazel cquery --output=files --output_groups=descriptor 'config(//:other, target)' | sort >"$WORK/other.layers"
  comm -12 "$WORK/env.layers" "$WORK/other.layers" >"$WORK/shared.layers"
  note "layers of both environments: $(cat "$WORK/shared.layers")"
  equal "shared layers" 2 "$(grep -c /package.layer.json "$WORK/shared.layers")"
  workspace "$WORK/one"
  cd "$WORK/one"
  bazel build //:image
  digest_of //:image >"$WORK/digest"
  workspace "$WORK/far/away/another"
  cd "$WORK/far/away/another"
  bazel build --execution_log_json_file="$WORK/log" //:image
  equal "processes of another workspace" "" "$(processes "$WORK/log")"
  equal "digest" "$(cat "$WORK/digest")" "$(digest_of //:image)"
}

# Everything is made again, at another path, with another umask and time zone.
same_digest() {
  workspace "$WORK/far/deterministic"
  cd "$WORK/far/deterministic"
  umask 077
  TZ=Asia/Kathmandu makes --execution_log_json_file="$WORK/log" //:image
  processes "$WORK/log" >"$WORK/processes"
  contains "$WORK/processes" "MkCondaEnvironment 1, MkCondaLayer 5, MkCondaPython 1"
  equal "digest" "$(cat "$WORK/digest")" "$(digest_of //:image)"
}

workspace_mode() {
  workspace "$WORK/old"
  cd "$WORK/old"
  bazel build --noenable_bzlmod --enable_workspace //:image
  equal "digest" "$(cat "$WORK/digest")" "$(cat bazel-bin/image.digest)"
}

refuses() {
  cd "$WORK/ws"
  refused "$WORK/activation" bazel build //:real_activation
  contains "$WORK/activation" small-executable etc/conda/activate.d/small_executable.sh
  refused "$WORK/clobber" bazel build //:real_clobber
  contains "$WORK/clobber" clobber-with-symlink-a clobber-with-symlink-b
  refused "$WORK/scripts" bazel build //:real_link_scripts
  contains "$WORK/scripts" link-scripts post-link
  refused "$WORK/no-python" bazel build //:real_python
  contains "$WORK/no-python" sample_noarch_python python
  bazel build //:real_synth
}

activates() {
  cd "$WORK/ws"
  bazel run //:real_load -- --engine="$1"
  equal "what the shell has" \
    "teststringfromactivate teststringfromactivate/bin/test:/opt/conda/bin:/usr/bin:/bin" "$("$1_run" localhost/conda:real)"
}

# A lock file that cannot be used, a missing archive and a missing platform: the message says where and what to do.
says_what_is_wrong() {
  cd "$WORK/ws"
  cp pixi.lock "$WORK/good.lock"
  sed -i '0,/sha256: .*/s//sha256: [x]/' pixi.lock
  refused "$WORK/said" bazel build //:image
  contains "$WORK/said" "//:pixi.lock: line $(grep -n '\[x\]' pixi.lock | cut -d : -f 1): unsupported syntax"
  sed "0,/sha256: .*/s//sha256: $(printf %064d 7)/" "$WORK/good.lock" >pixi.lock
  refused "$WORK/said" bazel build //:image
  contains "$WORK/said" "package libexpat: the downloads of http://$(cat "$WORK/channel.address")/" "hint: a channel with a password"
  cp "$WORK/good.lock" pixi.lock
  refused "$WORK/said" bazel build --platforms=//:linux_arm64 //:env
  contains "$WORK/said" "Conda environment @env: the lock file is not read for the platform that is built for, only for linux-64"
}

check "packages, a channel and a base image" prepare
check "lock files are read as by a YAML library" parses
check "an image with a Conda environment" builds
check "each package is fetched once" fetches_once
check "a channel with a password" has_password
check "the list of packages" lists
check "a Docker daemon starts" docker_start
check "the environment runs in Docker" runs docker
check "the environment runs in Podman" runs podman
check "activation scripts run in Docker" activates docker
check "what cannot be installed is refused" refuses
check "a changed package: its layer, and documents" noarch_changed
check "a changed Python: its layer, and documents" python_changed
check "environments and workspaces share layers" shares
check "the same digest elsewhere" same_digest
check "WORKSPACE mode" workspace_mode
check "errors name the lock file and the problem" says_what_is_wrong

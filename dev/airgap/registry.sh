#!/bin/sh
# registry.sh ROOT CHECKOUT FINAL DIR: make a Bazel module registry from two reachable sources: the Debian
# packages unpacked in ROOT, and the Go module proxy (rules_go, gazelle). It is made in DIR, and works once
# that is renamed to FINAL.
#
# DIR/registry is the registry, DIR/src/NAME the sources that it points to. Every version that any of
# them or CHECKOUT requires exists and gives the same sources, so resolution always succeeds.
set -eu
root=$1 checkout=$2 final=$3 dir=$4
here=$(cd "$(dirname "$0")" && pwd)
debian=/usr/share/bazel # as seen inside, where ROOT/usr is /usr
src=$dir/src

say() { echo "bazelw: $*" >&2; }

# wanted NAME: the version in the checkout's MODULE.bazel, so that it is stated only once.
wanted() {
  sed -n "s/^bazel_dep(name = \"$1\", version = \"\([^\"]*\)\".*/\1/p" "$checkout/MODULE.bazel"
}

# go_module NAME PATH: a copy of the Go module at the wanted version. A module zip keeps no exec bits.
go_module() {
  say "downloading the Go module $2 $(wanted "$1")"
  mod=$("$here/go_module.sh" "$2" "v$(wanted "$1")")
  cp -R "$mod" "$src/$1"
  chmod -R u+w "$src/$1"
  find "$src/$1" -name '*.sh' -exec chmod +x {} +
}

# stand_in NAME: an empty module, for modules that are in Bazel's graph and our builds never load.
stand_in() {
  mkdir -p "$src/$1"
  echo "module(name = \"$1\")" >"$src/$1/MODULE.bazel"
  : >"$src/$1/BUILD.bazel"
}

# publish NAME PATH: registry entries for every version of NAME that is mentioned anywhere.
# A PATH that is not absolute is below src (module_base_path), wherever DIR is moved to.
publish() {
  case $2 in "$debian"/*) file=$root$2/MODULE.bazel ;; *) file=$src/$2/MODULE.bazel ;; esac
  sed -n "s/^bazel_dep(name = \"$1\", version = \"\([^\"]*\)\".*/\1/p" "$dir/mentions" | sort -u |
    while read -r version; do
      entry=$dir/registry/modules/$1/$version
      mkdir -p "$entry"
      # The version belongs in module(), which may lack it, on one line or several.
      sed "/^module(/,/)/{
        s/^ *version = \"[^\"]*\",.*//
        s/\([ (]\)name = \"$1\"/\1name = \"$1\", version = \"$version\"/
        s/^ *compatibility_level = .*//
      }" "$file" >"$entry/MODULE.bazel"
      echo "{\"type\": \"local_path\", \"path\": \"$2\"}" >"$entry/source.json"
    done
}

rm -rf "$dir"
mkdir -p "$src" "$dir/registry"
echo '{"module_base_path": "../src"}' >"$dir/registry/bazel_registry.json"

# splice FUNCTION FRAGMENT FILE: put FRAGMENT, which returns, at the head of FUNCTION in FILE.
splice() {
  grep -q "^def $1(ctx):" "$3" || { say "$3 has no $1: registry.sh knows other versions"; exit 1; }
  sed -i "/^def $1(ctx):/r $here/$2" "$3"
}

go_module rules_go github.com/bazelbuild/rules_go
# Every SDK that a MODULE.bazel requests is the one on this machine, and nothing fetches a list of SDKs.
sdk=$src/rules_go/go/private/sdk.bzl
splice _go_download_sdk_impl go_sdk.inc "$sdk"
sed -i '/^def fetch_sdks_by_version(/a\    if allow_fail:\n        return None' "$sdk"

go_module gazelle github.com/bazelbuild/bazel-gazelle
say "building gazelle"
(
  cd "$src/gazelle"
  mkdir programs
  CGO_ENABLED=0 GOFLAGS='-mod=readonly -buildvcs=false' GOWORK=off \
    go build -o programs/ ./cmd/fetch_repo ./cmd/gazelle ./cmd/generate_repo_config
)
splice _go_repository_tools_impl gazelle_tools.inc "$src/gazelle/internal/go_repository_tools.bzl"

cp -R "$here/package_metadata" "$src/package_metadata"
for name in protobuf zlib buildozer apple_support; do stand_in "$name"; done

# The JDK that compiles is the one of the packages.
mkdir -p "$src/remotejdk"
: >"$src/remotejdk/WORKSPACE"
echo 'alias(name = "jdk", actual = "@local_jdk//:jdk", visibility = ["//visibility:public"])' \
  >"$src/remotejdk/BUILD.bazel"

cat "$root$debian"/*/*/MODULE.bazel "$src"/*/MODULE.bazel >"$dir/mentions"
find "$checkout" -name MODULE.bazel -exec cat {} + >>"$dir/mentions"
publish rules_go rules_go
publish gazelle gazelle
publish package_metadata package_metadata
publish rules_pkg $debian/rules/pkg
publish rules_shell $debian/rules/shell
rm "$dir/mentions"

# Bazel's downloader trusts the certificates that this machine trusts, in the one format that Java reads.
bundle=/etc/ssl/certs/ca-certificates.crt
if [ -e "$bundle" ]; then
  "$here/enter.sh" "$root" openssl pkcs12 -export -nokeys -jdktrust anyExtendedKeyUsage \
    -in "$bundle" -out "$dir/cacerts" -passout pass:changeit
fi

# The Go SDK: as the checkout's go.mod requires. An SDK below /usr is at /usr/host inside.
goroot=$(cd "$checkout" && go env GOROOT)
case $goroot in /usr/local/*) ;; /usr/*) goroot=/usr/host${goroot#/usr} ;; esac
sed -e "s|@DIR@|$final|g" -e "s|@CACHE@|$(dirname "$final")|g" -e "s|@GOROOT@|$goroot|g" \
  -e "s|@ROOT@|$(basename "$root")|g" "$here/offline.bazelrc" >"$dir/bazelrc"

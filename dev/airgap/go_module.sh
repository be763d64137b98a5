#!/bin/sh
# go_module.sh PATH VERSION: download a Go module, and print its directory if it is the one in go_modules.sum.
#
# Go by itself would ask sum.golang.org, or nothing if that is disabled or unreachable: then the module proxy
# alone would decide what runs here. The module's own go.sum decides about its dependencies, if it is built with
# -mod=readonly.
set -eu
path=$1 version=$2
here=$(cd "$(dirname "$0")" && pwd)

die() { echo "bazelw: the Go module $path $version: $*" >&2; exit 1; }

want=$(awk -v path="$path" -v version="$version" '$1 == path && $2 == version { print $3 }' "$here/go_modules.sum")
[ -n "$want" ] || die "no sum of it in $here/go_modules.sum
  hint: add a line as go.sum has it, made where sum.golang.org can be reached: path, version, and
  the Sum that this prints: go mod download -json $path@$version"

# field NAME: a field of the answer, which is an object with one field per line.
field() { printf '%s\n' "$answer" | awk -F '"' -v name="$1" '$2 == name { print $4 }'; }

answer=$(cd / && GOFLAGS=-mod=mod GOWORK=off go mod download -json "$path@$version") ||
  die "not to be had from GOPROXY=$(go env GOPROXY): $(field Error)"
got=$(field Sum)
[ "$got" = "$want" ] || die "its sum is ${got:-missing}, but $here/go_modules.sum has $want
  hint: the module proxy, GOPROXY=$(go env GOPROXY), or a copied module cache holds another module under
  this name: find out why; go clean -modcache forgets it"
field Dir

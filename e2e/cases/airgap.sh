# shellcheck shell=bash
# The Bazel assembled from Debian packages and Go modules: the files it leaves on the machine, and the sources it trusts.

packages zip
export BAZELW_MODE=airgap
cache=${XDG_CACHE_HOME:-$HOME/.cache}/rules_strata/airgap
mkdir workspace
touch workspace/MODULE.bazel

# server: the process of Bazel's server, whose file system is that of each build.
server() { (cd "$WORK/workspace" && bazel info server_pid); }

# root: the directory that has the server's /usr.
root() {
  local name
  name=$(tr '\0' '\n' <"/proc/$1/cmdline" | sed -n 's/^-Dbazelw.root=//p')
  [ -d "$cache/$name/usr" ] || fail "no root of process $1: $cache/$name/usr"
  printf '%s\n' "$cache/$name"
}

no_set_id() {
  server
  find "$cache" -maxdepth 1 -name 'root-*' >roots
  [ -s roots ] || fail "no root in $cache"
  find "$cache" -perm /6000 >set-id
  equal "files that run as another user" "" "$(cat set-id)"
}

read_only() {
  local pid dir status
  pid=$(server)
  root=$(root "$pid")
  for dir in /usr{,/bin,/share/bazel,/local,/local/bin,/host,/host/bin,/host/local} "$root"/usr{,/bin,/local,/host}; do
    status=0
    nsenter --target "$pid" --mount env LC_ALL=C touch "$dir/strata-e2e" 2>error || status=$?
    nsenter --target "$pid" --mount rm -f "$dir/strata-e2e" || true
    equal "exit code of a write to $dir" 1 "$status"
    contains error "Read-only file system"
  done
}

# recipe DIR: a copy of the recipe, to be modified.
recipe() {
  mkdir -p "$1"
  cp -R "$TOP/dev/airgap/." "$1"
}

# proxy DIR PATH VERSION: a module proxy in DIR that has another module under this name.
proxy() {
  local dir=$1/$2/@v zip
  mkdir -p "$dir" "$1.files/$2@$3"
  zip=$(cd / && go mod download -json "$2@$3" | jq -r .Zip)
  cp "${zip%.zip}".{info,mod,zip} "$dir"
  touch "$1.files/$2@$3/another"
  (cd "$1.files" && zip -q "$dir/$3.zip" "$2@$3/another")
}

# refused RECIPE LOG: the recipe makes no registry, regardless of Go's checksum settings.
refused() {
  local status=0
  GOSUMDB=off GONOSUMDB='*' GOFLAGS=-mod=mod \
    "$1/registry.sh" "$WORK/no-root" "$TOP" "$WORK/modules" "$WORK/modules.part" >"$2" 2>&1 || status=$?
  equal "exit code" 1 "$status"
}

# behind PROXY COMMAND...: with an empty module cache, and with PROXY as the first module proxy.
behind() {
  local proxies
  proxies=file://$1,file://$(go env GOMODCACHE)/cache/download,$(go env GOPROXY)
  GOMODCACHE=$1.modules GOPROXY=$proxies "${@:2}"
}

version_of() { sed -n "s/^bazel_dep(name = \"$1\", version = \"\([^\"]*\)\".*/v\1/p" "$TOP/MODULE.bazel"; }

wrong_sum() {
  recipe wrong
  sed -i '/rules_go/s/h1:......../h1:AAAAAAAA/' wrong/go_modules.sum
  refused wrong wrong.log
  contains wrong.log "github.com/bazelbuild/rules_go $(version_of rules_go): its sum is h1:" "has h1:AAAAAAAA" "hint:"
}

no_sum() {
  recipe missing
  sed -i '/rules_go/d' missing/go_modules.sum
  refused missing missing.log
  contains missing.log "github.com/bazelbuild/rules_go $(version_of rules_go): no sum" "hint:"
}

# another NAME PATH VERSION TEXT: a modified module from a proxy is rejected with a message that contains TEXT.
another() {
  recipe right
  proxy "$WORK/$1" "$2" "$3"
  behind "$WORK/$1" refused right "$1.log"
  contains "$1.log" "$2" "${@:4}"
  lacks "$1.log" "no-root"
}

another_need() {
  local path=golang.org/x/mod version dir
  dir=$(cd / && go mod download -json "github.com/bazelbuild/bazel-gazelle@$(version_of gazelle)" | jq -r .Dir)
  version=$(go -C "$dir" list -mod=readonly -m -f '{{.Version}}' "$path")
  another need "$path" "$version" "checksum mismatch"
}

another_bazelisk() {
  local path=github.com/bazelbuild/bazelisk version
  version=$(sed -n 's/^version=//p' "$TOP/dev/airgap/choose.sh")
  proxy "$WORK/bazelisk" "$path" "$version"
  if GOSUMDB=off behind "$WORK/bazelisk" "$TOP/dev/airgap/go_module.sh" "$path" "$version" >bazelisk.log 2>&1; then
    fail "another bazelisk was taken: $(cat bazelisk.log)"
  fi
  contains bazelisk.log "$path $version: its sum is h1:"
}

check "nothing in the cache runs as another user" no_set_id
check "a build cannot write to mounted directories" read_only
check "a module whose sum is not the pinned one is refused" wrong_sum
check "a module without a pinned sum is refused" no_sum
check "another rules_go is refused" another rules_go github.com/bazelbuild/rules_go "$(version_of rules_go)" "its sum is h1:"
check "another gazelle is refused" another gazelle github.com/bazelbuild/bazel-gazelle "$(version_of gazelle)" "its sum is h1:"
check "another module that gazelle needs is refused" another_need
check "another bazelisk is refused" another_bazelisk

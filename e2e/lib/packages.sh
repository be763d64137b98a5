# shellcheck shell=bash
# Programs for the checks, from Debian's packages.

# packages NAME...: installs the missing Debian packages. If it cannot, it prints what to do.
packages() {
  local missing=() name
  for name; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>&1)" = installed ] || missing+=("$name")
  done
  [ "${#missing[@]}" != 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    echo "e2e: missing packages; as root: apt-get install --no-install-recommends ${missing[*]}" >&2
    return 1
  fi
  echo "e2e: installing ${missing[*]}" >&2
  apt_get update
  apt_get install --no-install-recommends "${missing[@]}"
}

# apt_get ARGS...: quiet, non-interactive, and waits for another running apt.
apt_get() {
  DEBIAN_FRONTEND=noninteractive apt-get -qq --yes -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" \
    </dev/null >&2
}

# package_unpack NAME DIR: unpacks a Debian package into DIR, without installing it and what it needs.
package_unpack() {
  local dir
  dir=$(mktemp -d "$RUN/package.XXXXXX")
  (
    cd "$dir"
    # Old lists name files that the mirror no longer has.
    apt_get -o APT::Sandbox::User=root download "$1" || {
      apt_get update
      apt_get -o APT::Sandbox::User=root download "$1"
    }
  )
  mkdir -p "$2"
  dpkg-deb --extract "$dir"/*.deb "$2"
  rm -r "$dir"
}

# package_forky NAME DIR: unpacks a package of Debian forky, which this machine need not run, into DIR. It stays in the cache of
# bazelw for later runs.
package_forky() {
  local cache=${XDG_CACHE_HOME:-$HOME/.cache}/rules_strata/forky/$1.deb
  [ -e "$cache" ] || forky_download "$1" "$cache"
  mkdir -p "$2"
  dpkg-deb --extract "$cache" "$2"
}

# forky_download NAME FILE: downloads a package of forky. apt keeps its lists and state in a directory of their own.
forky_download() {
  local apt mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  apt=$(mktemp -d "$RUN/forky.XXXXXX")
  # shellcheck disable=SC2016 # apt expands these
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(CREATED_BY)' |
    awk '$3 == "Packages" && $2 == "Debian" { print $1; exit }')
  [ -n "$mirror" ] || fail "apt has no mirror of Debian"
  mkdir -p "$apt"/{lists,archives}/partial "$apt/download"
  touch "$apt/status"
  echo "deb [signed-by=$keyring] $mirror forky main" >"$apt/sources.list"
  cat >"$apt/apt.conf" <<CONF
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "$apt";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
CONF
  (
    export APT_CONFIG=$apt/apt.conf
    cd "$apt/download"
    apt_get update
    apt_get download "$1"
  )
  mkdir -p "$(dirname "$2")"
  mv "$apt"/download/*.deb "$2.part"
  mv "$2.part" "$2"
  rm -r "$apt"
}

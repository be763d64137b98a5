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

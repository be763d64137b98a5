# shellcheck shell=bash
# Programs of Debian forky, newer than this machine's own: the engines of today, the checkers, and cosign.

# forky_packages: what is unpacked, with everything that these packages need.
forky_packages=(containerd cosign crun docker-cli docker.io iptables netavark podman runc skopeo umoci)

# forky_root: prints a directory with forky's files in usr. It is downloaded once, into the cache of bazelw.
forky_root() {
  local key root
  key=$(sha256sum <<<"${forky_packages[*]}" | head -c 12)
  root=${XDG_CACHE_HOME:-$HOME/.cache}/rules_strata/forky/root-$key
  mkdir -p "${root%/*}"
  (
    flock 9
    [ -e "$root" ] || forky_unpack "$root"
  ) 9>"${root%/*}/lock"
  echo "$root"
}

# forky_unpack DIR: downloads the packages, and unpacks them into DIR. apt keeps its lists and state in a separate directory, so
# this installs nothing.
forky_unpack() {
  local apt mirror deb keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  apt=$(mktemp -d "$RUN/forky.XXXXXX")
  # shellcheck disable=SC2016 # apt expands these
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(CREATED_BY)' |
    awk '$3 == "Packages" && $2 == "Debian" { print $1; exit }')
  [ -n "$mirror" ] || fail "apt has no mirror of Debian"
  mkdir -p "$apt"/{lists,archives}/partial
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
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
CONF
  (
    export APT_CONFIG=$apt/apt.conf
    apt_get update
    apt_get install --download-only "${forky_packages[@]}"
  )
  rm -rf "$1.part"
  mkdir -p "$1.part"
  for deb in "$apt"/archives/*.deb; do dpkg-deb --extract "$deb" "$1.part"; done
  rm -r "$apt"
  # What the packages' scripts would have done, and the mount points of enter.sh.
  ln -s xtables-nft-multi "$1.part/usr/sbin/iptables"
  ln -s xtables-nft-multi "$1.part/usr/sbin/ip6tables"
  chmod -R a-s "$1.part"
  mkdir -p "$1.part/usr/host" "$1.part/usr/local"
  rm -r "$1.part"/usr/share/{doc,man}
  mv "$1.part" "$1"
}

# forky_programs DIR NAME...: programs in DIR that run forky's, with forky's /usr in place of this machine's.
forky_programs() {
  local root name
  root=$(forky_root)
  mkdir -p "$1"
  for name in "${@:2}"; do
    printf '#!/bin/sh\nPATH=/usr/sbin:/usr/bin exec %s %s %s "$@"\n' "$TOP/dev/airgap/enter.sh" "$root" "$name" >"$1/$name"
    chmod +x "$1/$name"
  done
}

#!/bin/sh
# root.sh DIR: unpack Debian's Bazel, with the JDK, C compiler and tools that it needs, into DIR.
#
# Nothing is installed: apt only resolves and downloads, with its own lists and state, and the packages are
# unpacked without running their scripts. This therefore needs neither root nor a free dpkg lock.
set -eu
dir=$1
here=$(cd "$(dirname "$0")" && pwd)

# Bazel 7.7 is in these suites and in no older one; apt decides which of its versions they contain.
suites=${BAZELW_DEBIAN_SUITES:-"forky sid"}
# Programs that Bazel, its shell actions and people debugging them call. Debian's essential packages are
# named because nothing depends on them by name.
packages="
  bazel-bootstrap bazel-java-tools bazel-rules-pkg bazel-rules-shell
  bash bzip2 coreutils dash debianutils diffutils dpkg findutils gawk git grep gzip hostname
  libc-bin locales mount ncurses-bin procps sed tar unzip util-linux xz-utils zip zstd"

say() { echo "bazelw: $*" >&2; }
die() { say "$*"; exit 1; }

for tool in apt-get dpkg-deb xargs; do
  command -v "$tool" >/dev/null ||
    die "$tool is missing: the offline Bazel is made of Debian packages (see dev/airgap/README.md)"
done

# The machine's own mirror, even a company's: the one that apt is configured to use for Debian.
# shellcheck disable=SC2016 # apt expands these
mirror=${BAZELW_DEBIAN_MIRROR:-$(
  apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(CREATED_BY)' 2>/dev/null |
    awk '$3 == "Packages" && $2 == "Debian" { print $1; exit }'
)}
# ORIGIN is unknown until `apt-get update` has been run once; until then use the directory's name.
# shellcheck disable=SC2016
[ -n "$mirror" ] || mirror=$(
  apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -m1 '/debian/*$' || true
)
[ -n "$mirror" ] || die "apt knows no Debian mirror: set BAZELW_DEBIAN_MIRROR to the URI of one"

apt=$dir.apt
rm -rf "$apt" "$dir"
mkdir -m 700 "$apt"
mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/root"
trap 'rm -rf "$apt"' EXIT
: >"$apt/status"

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
signed=
[ ! -e "$keyring" ] || signed="[signed-by=$keyring] "
{
  # Use only the machine's settings for reaching the mirror (proxies, certificates), and none of the commands
  # that it runs after each use of apt.
  apt-config dump | grep '^Acquire::' | grep -v '^Acquire::Languages' || true
  cat <<CONF
Dir::Etc::Main "/dev/null";
Dir::Etc::Parts "/dev/null";
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "$apt";
Dir::State::Lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
Dir::Cache::Archives "$apt/archives";
APT::Install-Recommends "false";
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "3";
Debug::NoLocking "true";
// A mirror that is a snapshot has a Release file past its date; the signature is checked all the same.
Acquire::Check-Valid-Until "false";
// Whatever the machine's settings allow.
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
CONF
} >"$apt/apt.conf"
export APT_CONFIG="$apt/apt.conf"

fetch() {
  echo "deb $signed$mirror $1 main" >"$apt/sources.list"
  rm -f "$apt"/lists/*_* "$apt"/archives/*.deb
  say "reading the package lists of Debian $1"
  apt-get -qq update || return 1
  say "downloading Debian's Bazel and what it needs (about 700 MB)"
  # shellcheck disable=SC2086 # the list is split on purpose
  apt-get -qq --yes --download-only install $packages
}
for suite in $suites; do
  if fetch "$suite"; then found=$suite && break; fi
  say "Debian $suite did not give a complete set of packages"
done
[ -n "${found:-}" ] || die "no Bazel from $mirror: set BAZELW_DEBIAN_MIRROR or BAZELW_DEBIAN_SUITES"

say "unpacking $(find "$apt/archives" -name '*.deb' | wc -l) packages"
# shellcheck disable=SC2016 # for the inner shell
# In parallel they race to create the same directories, which tar tolerates, and share no file.
find "$apt/archives" -name '*.deb' -print0 |
  xargs -0 -n 8 -P "$(getconf _NPROCESSORS_ONLN)" sh -c '
    for deb; do dpkg-deb --extract "$deb" "$0" || exit 255; done' "$apt/root"
# su and others would be root's for every user of the machine, in copies that no update reaches. Until
# here nobody else could enter the directory.
chmod -R a-s "$apt/root"
mv "$apt/root" "$dir"

# The effects of the packages' scripts that Bazel and shell actions need.
mkdir -p "$dir/usr/local" "$dir/usr/host" "$dir/usr/lib/locale" # enter.sh mounts over these
: >"$dir/usr/share/bazelrc"
bin=$dir/usr/bin
ln -sf gawk "$bin/awk"
ln -sf gcc "$bin/cc"
ln -sf g++ "$bin/c++"
ln -sf which.debianutils "$bin/which"
jdk=$(cd "$dir/usr/lib/jvm" && find . -maxdepth 1 -type d -name 'java-[0-9]*-openjdk-*' | head -n 1)
ln -sfn "${jdk#./}" "$dir/usr/lib/jvm/default-java"
for tool in java javac jar; do ln -sf "../lib/jvm/default-java/bin/$tool" "$bin/$tool"; done
java_tools=$(cd "$dir/usr/lib" && find . -path './*/bazel/java_tools') # below the name of the architecture
ln -s "../../lib/${java_tools#./}" "$dir/usr/share/bazel/java_tools"

# Only usr is used (launch.sh puts it over the machine's own), so links into etc become copies of their
# targets; the certificates remain the machine's.
find "$dir/usr" -type l -lname '/etc/*' ! -lname '/etc/ssl/*' | while read -r link; do
  target=$dir$(readlink "$link")
  [ -e "$target" ] || continue
  rm "$link"
  cp -RL "$target" "$link"
done

find "$dir" -mindepth 1 -maxdepth 1 ! -name usr -exec rm -rf {} +

# Bazel keeps file names as bytes in Java strings. That works in a locale with one byte per character; in C it fails on
# every name that is not ASCII.
"$here/enter.sh" "$dir" localedef -i en_US -f ISO-8859-1 "$dir/en_US.ISO-8859-1"
mv "$dir/en_US.ISO-8859-1" "$dir/usr/lib/locale"

# A third of the size is never read here: the JDK's parts for linking other JDKs, and manuals.
(cd "$dir/usr" && rm -rf lib/jvm/default-java/jmods share/doc share/i18n share/locale share/man)

# Debian's build of Bazel calls itself a development version, and skips whatever depends on a version:
# native.bazel_version is empty, bazel_compatibility unchecked. The server reads it from its jar.
label=$(cat "$dir/usr/share/bazel/build-label.txt")
case $label in 7.7.*) ;; *) die "Bazel is $label: the recipe knows 7.7 only (see dev/airgap/README.md)" ;; esac
echo "build.label=$label" >"$dir/build-data.properties"
mv "$dir/usr/share/bazel/A-server.jar" "$dir" # usr is read-only inside
"$here/enter.sh" "$dir" zip -q -j "$dir/A-server.jar" "$dir/build-data.properties"
mv "$dir/A-server.jar" "$dir/usr/share/bazel"
rm "$dir/build-data.properties"

# Its system-wide settings must be below usr too. The two names have the same length, because they are in a binary.
LC_ALL=C sed -i 's|/etc/bazel/bazel|/usr/share/bazel|' "$bin/bazel"
grep -q /usr/share/bazel "$bin/bazel" || die "the place of Bazel's system bazelrc is not where it was"

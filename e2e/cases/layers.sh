# shellcheck shell=bash
# Layers of real Debian packages, of tars with every compression, and of everything that attributes state, with deletions over
# a third-party base, as other programs see them, in files and in containers of both engines.

packages bsdextrautils bzip2 libarchive-tools libcap2-bin xz-utils
cd "$E2E/layers"
debs=(base-files busybox-static hello libc6 libgcc-s1)

# ar MEMBER...: an ar archive of the files, which dpkg-deb reads. A package needs no more of the format.
ar() {
  local member
  printf '!<arch>\n'
  for member; do
    printf '%-16s%-12d%-6d%-6d%-8s%-10d`\n' "${member##*/}" 0 0 0 100644 "$(stat -c %s "$member")"
    cat "$member"
    [ $(($(stat -c %s "$member") % 2)) = 0 ] || echo
  done
}

# The package hello, unpacked and packed again with each compression. dpkg-deb must find the same files in all of them.
repacked() {
  local packing
  mkdir "$WORK/hello"
  cd "$WORK/hello"
  dpkg-deb --fsys-tarfile "$1/hello.deb" >data.tar
  dpkg-deb --ctrl-tarfile "$1/hello.deb" >control.tar
  echo 2.0 >debian-binary
  gzip --keep data.tar
  bzip2 --keep data.tar
  xz --keep data.tar
  zstd --quiet data.tar
  for packing in gz bz2 xz zst; do
    ar debian-binary control.tar "data.tar.$packing" >"$1/repacked-$packing.deb"
    dpkg-deb --contents "$1/repacked-$packing.deb" | cmp - <(dpkg-deb --contents "$1/hello.deb")
  done
}

debs_fetched() {
  local dir=$PWD/debs name
  rm -rf debs
  mkdir debs
  cd debs
  apt_get update
  for name in "${debs[@]}"; do
    # As root, apt needs a directory that its own user may write to.
    apt-get -qq download -o APT::Sandbox::User=root "$name"
    mv "$name"_*.deb "$name.deb"
  done
  repacked "$dir"
}

# filled DIR: a directory with entries of each kind that a tar can hold, and metadata of each kind.
filled() {
  local app=$1/opt/app
  mkdir -p "$app/private" "$app/$(printf 'deep/%.0s' {1..40})" "$app/naïve"
  chmod 0755 "$1" "$1/opt" "$app"
  echo data >"$app/data"
  echo other >"$app/other"
  ln "$app/other" "$app/another"
  ln -s other "$app/link"
  ln -s /no/where "$app/dangling"
  echo deep >"$app/$(printf 'deep/%.0s' {1..40})file"
  echo long >"$app/$(printf 'n%.0s' {1..255})"
  cp /bin/busybox "$app/cat"
  truncate --size 3000000 "$app/sparse"
  echo end >>"$app/sparse"
  mkfifo "$app/pipe"
  mknod "$app/null" c 1 3
  chmod 0700 "$app/private"
  chmod 2750 "$app/naïve"
  chown 1000:1001 "$app/data" "$app/naïve"
  chown 3000000:4000000 "$app/other"
  chmod 4711 "$app/cat"
  setcap cap_net_raw,cap_chown=ep "$app/cat"
  find "$1" -depth -exec touch --no-dereference --date='2020-02-02T02:02:02.25Z' {} +
}

tars_made() {
  local root=$WORK/root
  filled "$root"
  rm -rf tars
  mkdir tars
  tar --create --format=pax --sparse --xattrs --xattrs-include='*' --numeric-owner --file tars/root.tar \
    --directory "$root" opt
  # An unchanged layer has no holes: only some programs know how an archive represents them.
  tar --create --gzip --format=pax --xattrs --xattrs-include='*' --numeric-owner --file tars/dense.tar.gz \
    --directory "$root" opt
  gzip --keep tars/root.tar
  bzip2 --keep tars/root.tar
  xz --keep tars/root.tar
  zstd --quiet tars/root.tar
}

base_made() {
  local root=$WORK/base
  rm -rf base
  mkdir -p base "$root"
  base_root "$WORK/base.tar"
  tar --extract --file "$WORK/base.tar" --directory "$root"
  mkdir -p "$root"/usr/share/doc/thing "$root"/var/cache/old
  echo motd >"$root/etc/motd"
  echo read me >"$root/usr/share/doc/thing/README"
  echo old >"$root/var/cache/old/file"
  cp /bin/busybox base/busybox
  tar --create --owner=0 --group=0 --numeric-owner --directory "$root" . | podman import - localhost/layers-base:latest
  podman save --format oci-archive --output base/oci-archive.tar localhost/layers-base:latest
}

# listed DIR [PATH]: all entries of a root file system, with the metadata that a layer states.
listed() {
  (
    cd "$1"
    find "${2:-.}" \( -type d -printf '%p %y %m %U:%G\n' \) -o \
      \( ! -type f -printf '%p %y %m %U:%G %T@ %n %l\n' \) -o -printf '%p %y %m %U:%G %T@ %n %s\n' |
      sed -E 's/^(.* [0-9]+)\.[0-9]+( [0-9]+ [^ ]*)$/\1\2/' | LC_ALL=C sort
    getcap -r "${2:-.}" | LC_ALL=C sort
    find "${2:-.}" -type f -exec sha256sum {} + | LC_ALL=C sort -k 2
  )
}

# packed_alike NAME...: the layers have the same content, although their inputs were packed differently.
packed_alike() {
  local name descriptor
  for name; do
    descriptor=$(build "//:$name" descriptor)
    jq -r .diff_id "$descriptor"
  done | sort -u >"$WORK/diffs"
  equal "different contents" 1 "$(wc -l <"$WORK/diffs")"
}

# as_it_was PROGRAM...: PROGRAM, which extracts the layer from its input to the current directory, restores the original
# files of the tar.
as_it_was() {
  local layer
  layer=$(build //:tar_plain)
  mkdir "$WORK/$1"
  (cd "$WORK/$1" && "$@" <"$layer")
  listed "$WORK/root" opt >"$WORK/want"
  listed "$WORK/$1" opt >"$WORK/got"
  diff "$WORK/want" "$WORK/got"
  note "$(wc -l <"$WORK/want") lines about $(find "$WORK/root/opt" | wc -l) entries are the same"
}

kept() {
  local layer
  layer=$(build //:kept)
  cmp "$layer" tars/dense.tar.gz
}

# packed_by_build NAME: //:NAME has the compression that the build states.
packed_by_build() {
  bazel build --output_groups=descriptor --@rules_strata//rules:compression=zstd "//:$1"
  equal "media type" application/vnd.oci.image.layer.v1.tar+zstd "$(jq -r .mediaType "bazel-bin/$1.layer.json")"
}

# remade FLAGS...: makes the tree artifact and its layer again, and adds the layer's digests to those in $WORK/remade.
remade() {
  [ ! -e bazel-bin/tree ] || chmod -R u+w bazel-bin/tree
  rm -rf bazel-bin/tree bazel-bin/metadata.*
  bazel build --modify_execution_info="MkLayer=+no-cache$1" "${@:2}" //:metadata
  jq -c '[.digest, .diff_id]' bazel-bin/metadata.layer.json >>"$WORK/remade"
}

# On the machine that made the directory, an action outside a sandbox sees its empty directory; Bazel's caches omit it.
whatever_the_strategy() {
  remade "" --spawn_strategy=sandboxed
  remade "" --spawn_strategy=sandboxed
  if [ -e bazel-bin/tree/void ]; then # this Bazel has no cache yet
    remade "" --disk_cache="$WORK/cache" --spawn_strategy=sandboxed
    remade "" --disk_cache="$WORK/cache" --spawn_strategy=sandboxed
    [ ! -e bazel-bin/tree/void ]
  fi
  remade ",MakeTree=+no-cache" --spawn_strategy=local
  [ -e bazel-bin/tree/void ]
  equal "different layers" 1 "$(sort -u "$WORK/remade" | wc -l)"
}

# unpacked IMAGE: unpacks the image with umoci into $WORK/IMAGE.umoci.
unpacked() {
  local layout
  layout=$(build "//:$1" oci_layout)
  skopeo copy "oci:$layout" "oci:$WORK/$1.layout:latest"
  umoci unpack --image "$WORK/$1.layout:latest" "$WORK/$1.bundle"
  mv "$WORK/$1.bundle/rootfs" "$WORK/$1.umoci"
}

loaded() {
  local archive engine
  archive=$(build "//:$1_archive")
  archive_valid "$archive" "$2"
  for engine in docker podman; do "$engine" load --input "$archive"; done
}

# exported ENGINE IMAGE: the root file system of a container that never ran, in $WORK/IMAGE.ENGINE.
exported() {
  local container
  container=$("$1" create "localhost/$2:latest" /none)
  mkdir "$WORK/$2.$1"
  "$1" export "$container" | tar --extract --xattrs --xattrs-include='*' --numeric-owner --directory "$WORK/$2.$1"
  "$1" rm "$container"
}

# same_root ENGINE IMAGE: both have the same files except those that an engine adds to each container.
same_root() {
  local own='^(.* )?\./(\.dockerenv|etc/(hostname|hosts|mtab|resolv\.conf)|dev|dev/.*|proc|sys|run|run/.*)( |$)'
  exported "$1" "$2"
  listed "$WORK/$2.umoci" | grep -vE "$own" >"$WORK/want"
  listed "$WORK/$2.$1" | grep -vE "$own" >"$WORK/got"
  diff "$WORK/want" "$WORK/got"
  note "$2: $(wc -l <"$WORK/want") lines are the same"
}

# The values of attributes, as a program in a container sees them.
attributes() {
  cat >"$WORK/want" <<'WANT'
/srv/cat 711 0:0 1614834367 1
/srv/empty 755 4000000000:7 1614834367 2
/srv/link 777 0:0 1614834367 1
/srv/none 4755 0:0 1614834367 1
/srv/one 644 1000:1001 1614834367 2
/srv/tmp 1777 0:0 1614834367 2
/srv/tree 755 0:0 1614834367 3
/srv/tree/full 755 0:0 1614834367 2
/srv/tree/full/file 644 0:0 1614834367 1
/srv/two 644 1000:1001 1614834367 2
WANT
  "$1_run" localhost/all:latest /bin/sh -c \
    "busybox find /srv/* -print0 | busybox xargs -0 busybox stat -c '%n %a %u:%g %Y %h' | busybox sort" >"$WORK/got"
  diff "$WORK/want" "$WORK/got"
  equal "/srv/link" "../etc/passwd" "$("$1_run" localhost/all:latest /bin/busybox readlink /srv/link)"
}

# Capability 10 is cap_net_bind_service; an unprivileged user gets it from the file.
capable() {
  "$1_run" --user 1234 localhost/all:latest /srv/cat /proc/self/status >"$WORK/status"
  equal "effective capabilities" 0000000000000400 "$(sed -n 's/^CapEff:\t//p' "$WORK/status")"
}

deleted() {
  cat >"$WORK/want" <<'WANT'
/usr/share
/var/cache
/var/cache/new
WANT
  "$1_run" localhost/all:latest /bin/sh -c \
    "busybox find /etc/motd /opt/app/data /usr/share /var/cache 2>/dev/null | busybox sort" >"$WORK/got"
  diff "$WORK/want" "$WORK/got"
}

says_hello() { equal "hello in $1" "Hello, world!" "$("$1_run" localhost/debian:latest)"; }

# The package records of the layer, put together, form a dpkg database, and dpkg finds each file of each package intact
# according to it.
dpkg_verifies() {
  local root=$WORK/debian.umoci admin=$WORK/admin name info
  mkdir -p "$admin"/{info,updates}
  for name in "${debs[@]}"; do
    cat "$root/var/lib/dpkg/status.d/$name"
    echo
  done >"$admin/status"
  for name in "${debs[@]}"; do
    info=$admin/info/$name
    [ "$(dpkg-deb --field "debs/$name.deb" Multi-Arch)" != same ] ||
      info+=:$(dpkg-deb --field "debs/$name.deb" Architecture)
    cp "$root/var/lib/dpkg/status.d/$name.md5sums" "$info.md5sums"
    dpkg-deb --fsys-tarfile "debs/$name.deb" | tar --list | sed -E 's,^\./?,/,; s,(.)/$,\1,; s,^/$,/.,' >"$info.list"
  done
  echo 1 >"$admin/info/format"
  # shellcheck disable=SC2016 # dpkg's variables
  dpkg-query --admindir="$admin" --show --showformat='${Package} ${Version} ${db:Status-Status}\n' |
    LC_ALL=C sort >"$WORK/got"
  for name in "${debs[@]}"; do
    # shellcheck disable=SC2016
    dpkg-deb --show --showformat='${Package} ${Version} installed\n' "debs/$name.deb"
  done | LC_ALL=C sort >"$WORK/want"
  diff "$WORK/want" "$WORK/got"
  dpkg --root="$root" --admindir="$admin" --verify >"$WORK/verified"
  equal "what dpkg finds wrong" "" "$(cat "$WORK/verified")"
  # That it would.
  echo tampered >>"$root/usr/bin/hello"
  dpkg --root="$root" --admindir="$admin" --verify >"$WORK/verified" || true
  contains "$WORK/verified" /usr/bin/hello
}

# A file of more than 8 GiB, whose length does not fit into a plain header; neither file takes that much space on disk.
large_file() {
  truncate --size 9000000000 "$WORK/large"
  go build -C "$TOP" -o "$WORK/mklayer" ./tools/mklayer
  "$WORK/mklayer" --file=/large="$WORK/large" --file=/small="$PWD/tree.bzl" --compression=zstd --level=1 \
    --output="$WORK/large.tar.zst" --descriptor="$WORK/large.json"
  zstd -dcq "$WORK/large.tar.zst" | bsdtar -tvf - | awk '{ print $5, $NF }' >"$WORK/got"
  printf '%s\n' "9000000000 large" "$(stat -c %s tree.bzl) small" | diff - "$WORK/got"
}

check "Debian packages are fetched" debs_fetched
check "a tar with all kinds of entries is created" tars_made
check "a base image is created" base_made
check "a Docker daemon starts" docker_start
check "a package packed with gzip, bzip2, xz and zstd makes one layer" packed_alike package_{gz,bz2,xz,zst}
check "a tar, uncompressed or packed with gzip, bzip2, xz or zstd, makes one layer" \
  packed_alike tar_{plain,gz,bz2,xz,zst}
check "GNU tar extracts the original files of the tar" \
  as_it_was tar --extract --gzip --xattrs --xattrs-include='*' --numeric-owner
check "bsdtar extracts the original files of the tar" as_it_was bsdtar -x -p -f - --numeric-owner
check "a single tar becomes the layer, byte for byte" kept
check "a single tar that is repacked gets the build's compression" packed_by_build first_of_duplicates
check "a file of more than 8 GiB" large_file
check "a tree artifact makes one layer: in a sandbox, without one, and from a cache" whatever_the_strategy
for image in all debian; do
  base=0
  [ "$image" != all ] || base=2
  check "$image: image-check, skopeo; Docker and Podman load it" loaded "$image" "$base"
  check "$image: skopeo and umoci unpack it" unpacked "$image"
  for engine in docker podman; do
    check "$image: $engine and umoci have the same root" same_root "$engine" "$image"
  done
done
for engine in docker podman; do
  check "$engine: modes, owners, times, hard links, symlinks" attributes "$engine"
  check "$engine: the capability of a file" capable "$engine"
  check "$engine: deletions over the base and over a layer" deleted "$engine"
  check "$engine: a program from Debian packages runs" says_hello "$engine"
done
check "dpkg lists the packages and verifies their files" dpkg_verifies
rm -rf base debs tars

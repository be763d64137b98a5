# shellcheck shell=bash
# Third-party base images: a root with Debian's static busybox, built and saved by Podman and by Docker; Debian's bash,
# Python and libraries; and its JRE.

# base_root FILE: a tar of the root file system: busybox, links for a few of its programs, the usual folders.
base_root() {
  local root program
  root=$(mktemp -d "$RUN/root.XXXXXX")
  chmod 0755 "$root"
  mkdir -p "$root"/{bin,dev,etc,proc,sys,tmp,var}
  cp /bin/busybox "$root/bin/busybox"
  for program in cat echo ls sh; do ln -s busybox "$root/bin/$program"; done
  echo 'root:x:0:0:root:/:/bin/sh' >"$root/etc/passwd"
  tar --create --owner=0 --group=0 --numeric-owner --file "$1" --directory "$root" .
}

# base_provide: the image in e2e/walkthrough/base, from each engine in each of its formats; once per run.
base_provide() {
  local dir=$E2E/walkthrough/base
  docker_start
  if [ -e "$RUN/root.tar" ]; then
    # Another case in this lane may have removed the images.
    podman load --input "$dir/oci-archive.tar"
    docker load --input "$dir/docker-archive.tar"
    return
  fi
  # Podman does not overwrite an archive.
  rm -rf "$dir"
  mkdir -p "$dir"
  base_root "$RUN/root.tar"
  podman import --change 'CMD ["/bin/sh"]' --change 'ENV ORIGIN=base' "$RUN/root.tar" localhost/base:latest
  podman save --format oci-archive --output "$dir/oci-archive.tar" localhost/base:latest
  podman save --format docker-archive --output "$dir/podman-docker-archive.tar" localhost/base:latest
  podman save --format oci-dir --output "$dir/layout" localhost/base:latest
  docker import --change 'CMD ["/bin/sh"]' --change 'ENV ORIGIN=base' "$RUN/root.tar" localhost/base:latest
  docker save --output "$dir/docker-archive.tar" localhost/base:latest
}

# base_debian FILE: a tar of Debian's bash, python3 and the library of C++, with busybox for all other commands.
base_debian() {
  local root python package program debian
  python=$(basename "$(readlink -f /usr/bin/python3)")
  debian=(bash libc6 libexpat1 libgcc-s1 libstdc++6 libtinfo6 zlib1g)
  debian+=("$python-minimal" "lib$python-minimal" "lib$python-stdlib")
  packages g++ "${debian[@]}"
  root=$(mktemp -d "$RUN/debian.XXXXXX")
  chmod 0755 "$root"
  mkdir -p "$root"/{dev,etc,proc,sys,tmp,usr/bin,usr/lib,usr/lib64,usr/local/bin,usr/sbin}
  for program in bin lib lib64 sbin; do ln -s "usr/$program" "$root/$program"; done
  cp /bin/busybox "$root/usr/bin/busybox"
  for program in awk basename cat cut dirname env grep head readlink sed sh sort tail tr uname which; do
    ln -s busybox "$root/usr/bin/$program"
  done
  ln -s "$python" "$root/usr/bin/python3"
  for package in "${debian[@]}"; do
    dpkg-query --listfiles "$package"
  done | sed -E 's,^/(bin|lib|lib64|sbin)/,/usr/\1/,' | grep -E '^/usr/(bin|lib|lib64)/' |
    while read -r file; do [ -d "$file" ] && [ ! -L "$file" ] || echo "$file"; done | sort -u >"$WORK/files"
  tar --create --directory / --files-from "$WORK/files" --absolute-names |
    tar --extract --directory "$root" --strip-components=1 --absolute-names
  tar --create --owner=0 --group=0 --numeric-owner --file "$1" --directory "$root" .
}

# jre_debian FILE: a tar of Debian's JRE, with a link to it at /usr/lib/jvm/default-java. It needs what base_debian has.
jre_debian() {
  local home package
  packages default-jre-headless
  home=$(readlink -f /usr/lib/jvm/default-java)
  package=$(dpkg-query --search "$home/lib/modules" | cut -d: -f1)
  {
    dpkg-query --listfiles "$package" | grep -E '^/(etc|usr/lib/jvm)/' |
      while read -r file; do [ -d "$file" ] && [ ! -L "$file" ] || echo "${file#/}"; done
    echo usr/lib/jvm/default-java
  } >"$WORK/jre"
  tar --create --owner=0 --group=0 --numeric-owner --file "$1" --directory / --files-from "$WORK/jre"
}

# shellcheck shell=bash
# A third-party base image: a root with Debian's static busybox, built and saved by Podman and by Docker.

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
  [ ! -e "$RUN/root.tar" ] || return 0
  docker_start
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

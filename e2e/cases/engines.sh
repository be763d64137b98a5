# shellcheck shell=bash
# One image in two generations of engines, this machine's and those of Debian forky: layers with each compression, metadata,
# deletions. image_load loads it new, unchanged and changed, and picks it from an index; then the engine loads archives of it.
# Each time, a container checks its files. docs/engines.md has the results.

packages attr
old=(docker-20 podman-4 containerd-1)
new=(docker-classic docker-snapshots podman-5 containerd-2)
names=(localhost/engines:latest localhost/engines:again)
native=$(dpkg --print-architecture) foreign=arm64
[ "$native" != arm64 ] || foreign=amd64

# made: the layers, the first images, and archives of them.
made() {
  local dir=$WORK/getfattr file codec
  tools_build "$RUN/bin"
  CGO_ENABLED=0 go build -C "$TOP" -o "$RUN/bin/" ./tools/mkindex ./tools/mklayout
  CGO_ENABLED=0 go build -C "$TOP" -o "$RUN/bin/strata-load" ./tools/load
  base_root "$WORK/root.tar"
  mkdir "$dir"
  for file in /usr/bin/getfattr $(ldd /usr/bin/getfattr | grep -o '/lib[^ ]*'); do
    install -D "$file" "$dir$file"
  done
  mkdir -p "$dir/cache" "$dir/old/kept"
  mkdir "$dir/etc"
  printf '%s\n' root:x:0:0:::/bin/sh user:x:1000:1000:::/bin/sh >"$dir/etc/passwd"
  touch "$dir/cache/stale" "$dir/old/gone"
  tar --create --owner=0 --group=0 --numeric-owner --directory "$dir" --file "$WORK/more.tar" .
  layer base gzip --tar="$WORK/root.tar" --tar="$WORK/more.tar" --duplicates=last
  script >"$WORK/show"
  for codec in gzip zstd; do
    layer "files-$codec" "$codec" \
      --file=/app/show="$WORK/show" \
      --file=/app/chown=/bin/busybox --mode=/app/chown=0755 --xattr=/app/chown=security.capability=cap_chown=ep \
      --file=/app/data="$WORK/show" --mode=/app/data=0640 --owner=/app/data=1000:3000000 --xattr=/app/data=user.note=text \
      --file=/app/setuid="$WORK/show" --mode=/app/setuid=4711 \
      --dir=/app/tmp --mode=/app/tmp=1777 --symlink=/app/absolute=/app/data --symlink=/app/dangling=../none
  done
  layer deletions gzip --remove=/old/gone --opaque=/cache --empty-file=/cache/new
  layer_make "$WORK" large 20000000 none # enough for Podman to get links
  changed first
  for codec in gzip zstd; do
    strata-load "@$WORK/$codec.args" --name="${names[0]}" --platform="linux/$native" --archive="$WORK/$codec-image.tar"
    strata-load "@$WORK/$codec.args" --name="${names[0]}" --archive="$WORK/$codec-index.tar"
    mklayout "@$WORK/$codec-$native.args" --name="${names[0]}" --layout="$WORK/$codec-layout"
  done
}

# layer NAME CODEC FLAGS...
layer() { mklayer --compression="$2" "${@:3}" --output="$WORK/$1.tar" --descriptor="$WORK/$1.json"; }

# changed TEXT: two indexes, with and without zstd, of images for two platforms. The last layer of all images has the TEXT.
changed() {
  local codec architecture
  echo "$1" >"$WORK/text"
  layer text gzip --file=/app/text="$WORK/text"
  for codec in gzip zstd; do
    for architecture in "$native" "$foreign"; do
      settings="{\"os\": \"linux\", \"architecture\": \"$architecture\", \"allow_any_architecture\": true,
        \"cmd\": [\"/bin/sh\", \"/app/show\"]}" image_make "$WORK" "$codec-$architecture" base "files-$codec" deletions large text
    done
    mkindex --image="$WORK/$codec-$foreign.json" --image="$WORK/$codec-$native.json" --output="$WORK/$codec.index" \
      --descriptor="$WORK/$codec.json"
    {
      grep -hv -e --root "$WORK/$codec-$native.args" "$WORK/$codec-$foreign.args" | sort -u
      printf -- '--root=%s\n--document=%s\n' "$WORK/$codec.json" "$WORK/$codec.index"
    } >"$WORK/$codec.args"
  done
}

# script: the container's. A user without capabilities changes the owner of a file, by the file's capability.
script() {
  cat <<'SCRIPT'
cd /app
busybox stat -c '%n %F %a %u:%g' chown data setuid tmp absolute
busybox readlink absolute
busybox readlink dangling
getfattr --absolute-names --dump --match=- chown data
: >tmp/file
busybox start-stop-daemon -S -c user -x /app/chown -- 8:9 tmp/file
busybox stat -c '%u:%g' tmp/file
ls /cache /old
busybox md5sum /data/large
cat text
SCRIPT
}

# wanted: what it prints.
wanted() {
  cat <<WANT
chown regular file 755 0:0
data regular file 640 1000:3000000
setuid regular file 4711 0:0
tmp directory 1777 0:0
absolute symbolic link 777 0:0
/app/data
../none
# file: chown
security.capability=0sAQAAAgEAAAAAAAAAAAAAAAAAAAA=

# file: data
user.note="text"

8:9
/cache:
new

/old:
kept
$(tar --extract --to-stdout --file "$WORK/large.tar" data/large | md5sum | head -c 32)  /data/large
$(cat "$WORK/text")
WANT
}

# on INSTANCE COMMAND...: a function below, with the engine. All but the oldest get the image with zstd.
on() {
  instance=$1 engine=${1%%-*} codec=zstd
  [ "$instance" != docker-20 ] || codec=gzip
  if [[ " ${new[*]} " = *" $instance "* ]]; then
    export PATH=$WORK/bin:$WORK/forky:$PATH DOCKER_HOST=unix://$WORK/$instance.sock CONTAINERD_ADDRESS=$WORK/$instance.sock
  fi
  "${@:2}"
}

starts() {
  case $instance in
    docker-20) docker_start ;;
    docker-classic) docker_serve "$instance" "$WORK/$instance" --ip6tables=false --feature=containerd-snapshotter=false ;;
    docker-snapshots) docker_serve "$instance" "$WORK/$instance" --ip6tables=false --feature=containerd-snapshotter=true ;;
    containerd-1) containerd_start ;;
    containerd-2) containerd_serve "$instance" "$WORK/$instance" ;;
  esac
  case $engine in
    docker) docker version --format '{{.Server.Version}}' ;;
    podman) podman --version ;;
    containerd) ctr version | sed -n '/^Server/,$s/.*Version: *//p' ;;
  esac >"$WORK/version"
  note "$instance: $(cat "$WORK/version")"
}

# shows NAME: a container of the image prints what it must.
shows() {
  wanted >"$WORK/wanted"
  "${engine}_run" "$1" >"$WORK/shown"
  diff "$WORK/wanted" "$WORK/shown"
}

# loads_layers HELD: image_load of the index finds HELD of the layers in the engine.
loads_layers() {
  local held
  strata-load "@$WORK/$codec.args" --engine="$engine" "${names[@]/#/--name=}" >"$WORK/out" 2>"$WORK/err" ||
    fail "$(cat "$WORK/err")"
  printf '%s\n' "${names[@]}" | diff - "$WORK/out"
  held=$(sed -n "s/^sha256:[0-9a-f]*: $engine has \(.*\) layers, sending .*/\1/p" "$WORK/err" | paste -sd ,)
  [ "$held" = "$1 of 5" ] || fail "expected $1 of 5 layers in the engine: $(cat "$WORK/err")"
  shows "${names[1]}"
}

# links_pulled: Podman got the image as a directory of links, not on its standard input.
links_pulled() {
  contains "$WORK/podman.calls" "pull --quiet dir:"
  if grep -x load "$WORK/podman.calls"; then fail "Podman read an archive"; fi
}

loads_changed() {
  changed "$instance"
  loads_layers 4
}

# architecture_is NAME ARCHITECTURE
architecture_is() {
  case $engine in
    containerd) ctr images ls "name==$1" ;;
    *) "$engine" image inspect --format '{{.Architecture}}' "$1" ;;
  esac >"$WORK/architecture"
  contains "$WORK/architecture" "$2"
}

loads_foreign() {
  strata-load "@$WORK/$codec.args" --engine="$engine" --platform="linux/$foreign" --name=localhost/engines:foreign
  architecture_is localhost/engines:foreign "$foreign"
}

# archive_loads KIND: the engine's own command loads an archive, of an image or an index, without having any of it.
archive_loads() {
  changed first
  case $engine in
    containerd) ctr images import "$WORK/$codec-$1.tar" ;;
    *) "$engine" load --input "$WORK/$codec-$1.tar" ;;
  esac
}

forgets() {
  case $engine in
    docker) docker image prune --all --force ;;
    podman) podman rmi --all --force ;;
    containerd) ctr images ls --quiet | xargs ctr images rm --sync ;;
  esac
}

image_archive_loads() {
  forgets
  archive_loads image
  shows "${names[0]}"
}

# Docker's classic store takes the first image of an index, which is not for this platform.
index_archive_loads() {
  forgets
  archive_loads index
  case $instance in
    docker-20 | docker-classic) architecture_is "${names[0]}" "$foreign" ;;
    *) shows "${names[0]}" ;;
  esac
}

# Forky's checkers read a layout with zstd, and umoci unpacks the files that containers see.
checkers_read() {
  PATH=$WORK/forky:$PATH
  changed first
  layout_valid "$WORK/zstd-layout"
  skopeo copy --quiet "oci:$WORK/zstd-layout" "dir:$WORK/copy"
  umoci unpack --image "$WORK/zstd-layout:latest" "$WORK/bundle"
  chroot "$WORK/bundle/rootfs" /bin/sh /app/show >"$WORK/shown"
  wanted | diff - "$WORK/shown"
}

zstd_refused() {
  forgets
  codec=zstd
  if (loads_layers 0); then fail "Docker 20.10 loaded it"; fi
  contains "$WORK/err" "Docker 20.10 cannot read"
}

check "Debian forky's programs" forky_programs "$WORK/forky" containerd ctr docker dockerd podman skopeo umoci
mkdir "$WORK/bin"
PATH=$WORK/forky:$PATH podman_install "$WORK/bin" "$WORK/podman"
sed -i "2i echo \"\$*\" >>'$WORK/podman.calls'" "$WORK/bin/podman"
check "the image" made
for instance in "${old[@]}" "${new[@]}"; do
  check "$instance starts" on "$instance" starts
  check "$instance: image_load, new, from an index, with two names" on "$instance" loads_layers 0
  [ "$instance" != podman-5 ] || check "podman-5: it got links to the layers" links_pulled
  check "$instance: image_load, unchanged" on "$instance" loads_layers 5
  check "$instance: image_load, one layer changed" on "$instance" loads_changed
  check "$instance: image_load, the image for another platform" on "$instance" loads_foreign
  check "$instance: an archive of an image" on "$instance" image_archive_loads
  check "$instance: an archive of an index" on "$instance" index_archive_loads
done
check "docker-20: zstd is refused with a hint" on docker-20 zstd_refused
check "skopeo 1.22 and umoci 0.6 read a layout with zstd" checkers_read
for instance in docker-classic docker-snapshots containerd-2; do daemon_stop "$instance"; done

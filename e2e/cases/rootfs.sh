# shellcheck shell=bash
# What the layers of an image merge into: package rootfs against umoci, Podman and Docker, on the stacks of layers in
# tools/internal/rootfs/testdata. Those say in what an engine differs, line by line.
#
# umoci and Podman's vfs apply each layer to what the lower ones left. Docker's overlay2 unpacks each layer alone, and
# leaves it to the kernel to merge them: so there are two kinds of witnesses.

stacks=$TOP/tools/internal/rootfs/testdata

# docker_overlay_start: a Docker daemon of this case, with overlay2 whatever another would prefer.
docker_overlay_start() {
  daemon dockerd-overlay dockerd --host "$DOCKER_HOST" --data-root "$WORK/docker" --exec-root "$WORK/docker-exec" \
    --pidfile "$WORK/docker.pid" --bridge=none --iptables=false --storage-driver=overlay2
  await 60 docker version || fail "dockerd does not start: $(tail -n 20 "$RUN/dockerd-overlay.log")"
}

# tree_list DIR: what is in DIR, in the form of rootlist, without layers.
tree_list() {
  local path file kind mode uid gid size mtime inode device sum link xattrs
  find "$1" -printf '/%P\n' | LC_ALL=C sort | while read -r path; do
    file=$1${path%/}
    IFS='|' read -r kind mode uid gid size mtime inode \
      < <(find "$file" -maxdepth 0 -printf '%y|%m|%U|%G|%s|%T@|%i\n')
    sum=- link=-
    case $kind in
    f)
      sum=$(sha256sum <"$file" | head -c 12)
      link=$(find "$1" -inum "$inode" -printf '/%P\n' | LC_ALL=C sort | head -n 1)
      [ "$link" != "$path" ] || link=-
      ;;
    l) size=- link=$(readlink "$file") ;;
    c | b) size=$(stat --format '%Hr,%Lr' "$file") ;;
    *) size=- ;;
    esac
    xattrs=$(getfattr --no-dereference --absolute-names --dump --match=- "$file" |
      sed -n 's/^\([^#].*\)="\(.*\)"$/\1=\2/p' | LC_ALL=C sort | paste -sd ,)
    printf '%s %s %04d %s %s %s %s %s %s %s\n' "$path" "$kind" "$mode" "$uid" "$gid" "$size" "${mtime%.*}" "$sum" \
      "$link" "${xattrs:--}"
  done
}

# ENGINE_unpack LAYOUT DIR: lists what the engine makes of the image. DIR is for its files.

# A directory that no layer states has the time of unpacking: ours is the epoch.
umoci_unpack() {
  umoci raw unpack --image "$1:stack" "$2/root"
  tree_list "$2/root" >"$2/listed"
  sed -E 's/^(([^ ]+ ){6})[1-9][0-9]{9} /\10 /' "$2/listed"
}

# Adding to a directory changes its time. The root has 0555 if no layer states it.
podman_unpack() {
  podman pull --quiet "oci:$1:stack" >"$2/id"
  podman image mount "$(cat "$2/id")" >"$2/root"
  tree_list "$(cat "$2/root")" >"$2/listed"
  podman rmi --force "$(cat "$2/id")" >&2
  sed -e 's,^/ d 0555 ,/ d 0755 ,' "$2/listed" | timeless
}

# A container's own mount points are in the export. What it has of extended attributes is security.capability.
docker_unpack() {
  local container
  skopeo copy --quiet "oci:$1:stack" "docker-archive:$2/image.tar:localhost/stack:stack"
  docker load --input "$2/image.tar" >&2
  container=$(docker create localhost/stack:stack)
  docker export --output "$2/export.tar" "$container"
  docker rm "$container" >&2
  docker rmi localhost/stack:stack >&2
  mkdir "$2/root"
  tar --extract --preserve-permissions --same-owner --numeric-owner --xattrs --xattrs-include='*' \
    --file "$2/export.tar" --directory "$2/root"
  tree_list "$2/root" >"$2/listed"
  grep -vE '^/(\.dockerenv|dev|etc|proc|sys)[ /]' "$2/listed" | timeless
}

# timeless: directories without their times.
timeless() { sed -E 's/^([^ ]+ d( [^ ]+){4}) [0-9]+ /\1 * /'; }

# section FILE NAME: a file of the txtar archive.
section() { awk -v head="-- $2 --" '/^-- .* --$/ { on = $0 == head; next } on' "$1"; }

# merges STACK: the program that this case built makes of the stack's layout what the stack says.
merges() {
  rootlist make "$stacks/$1.txtar" "$WORK/$1.layout"
  section "$stacks/$1.txtar" want >"$WORK/$1.want"
  if [ -s "$WORK/$1.want" ]; then
    rootlist list "$WORK/$1.layout" | diff "$WORK/$1.want" -
  elif rootlist list "$WORK/$1.layout"; then
    fail "it is not refused"
  fi
}

# differs STACK ENGINE DIR: in what the engine differs from us, as the stack says it. DIR is for its files.
differs() {
  local status
  sed -E 's/ [0-9]+$//' "$WORK/$1.want" | case $2 in umoci) cat ;; *) timeless ;; esac | LC_ALL=C sort >"$3/ours"
  set +e
  (
    set -e
    "$2_unpack" "$WORK/$1.layout" "$3"
  ) >"$3/out" 2>"$3/err"
  status=$?
  set -e
  if [ "$status" = 0 ]; then
    LC_ALL=C sort "$3/out" >"$3/theirs"
    diff "$3/ours" "$3/theirs" | sed -n '/^[<>]/p' || [ $? = 1 ]
  elif [ -s "$WORK/$1.want" ]; then
    echo refused
  fi
}

# compares STACK: each engine differs from us in what the stack says, and in nothing else.
compares() {
  local engine dir
  merges "$1"
  for engine in umoci podman docker; do
    dir=$WORK/$1.$engine
    mkdir "$dir"
    section "$stacks/$1.txtar" "$engine" >"$dir/recorded"
    differs "$1" "$engine" "$dir" >"$dir/differs"
    diff "$dir/recorded" "$dir/differs" || fail "$engine: $(tail -n 3 "$dir/err")"
  done
}

packages attr
export DOCKER_HOST=unix://$WORK/docker.sock
go build -C "$TOP" -o "$RUN/bin/rootlist" ./tools/internal/rootfs/internal/rootlist
check "Docker starts with overlay2" docker_overlay_start
for file in "$stacks"/*.txtar; do
  stack=$(basename "$file" .txtar)
  check "umoci, Podman and Docker unpack \"$stack\"" compares "$stack"
done
daemon_stop dockerd-overlay

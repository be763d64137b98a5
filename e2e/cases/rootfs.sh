# shellcheck shell=bash
# File systems that the layers of an image merge into: package rootfs against umoci, Podman and Docker, on the stacks of
# layers in tools/internal/rootfs/testdata. Each stack records, line by line, how an engine differs.
#
# umoci and Podman's vfs apply each layer to the tree that the lower ones left. Docker's overlay2 unpacks each layer into
# an empty directory, and the kernel merges the directories. docs/internals/rootfs.md explains why we follow the first kind.

stacks=$TOP/tools/internal/rootfs/testdata

# umoci_unpack, podman_unpack, docker_unpack LAYOUT DIR: lists the image's files in the engine. DIR takes its files.

# umoci gives a directory that no layer states the time of unpacking; we give it the epoch.
umoci_unpack() {
  umoci raw unpack --image "$1:stack" "$2/root"
  tree_list "$2/root" >"$2/listed"
  sed -E 's/^(([^ ]+ ){6})[1-9][0-9]{9} /\10 /' "$2/listed"
}

# Podman does not restore the time of a directory after it adds to it, and gives a root that no layer states 0555.
podman_unpack() {
  loads podman "$@"
  podman image mount localhost/stack:stack >"$2/root"
  tree_list "$(cat "$2/root")" >"$2/listed"
  podman rmi --force localhost/stack:stack >&2
  sed -e 's,^/ d 0555 ,/ d 0755 ,' "$2/listed" | timeless
}

# section FILE NAME: prints the file NAME in the txtar archive FILE.
section() { awk -v head="-- $2 --" '/^-- .* --$/ { on = $0 == head; next } on' "$1"; }

# merges STACK: rootlist lists a layout as the stack records, or rejects it if the stack records an error.
merges() {
  rootlist make "$stacks/$1.txtar" "$WORK/$1.layout"
  section "$stacks/$1.txtar" want >"$WORK/$1.want"
  if [ -s "$WORK/$1.want" ]; then
    rootlist list "$WORK/$1.layout" | diff "$WORK/$1.want" -
  elif rootlist list "$WORK/$1.layout"; then
    fail "it is not refused"
  fi
}

# differs STACK ENGINE DIR: prints how the engine differs from us, in the form of the records. DIR takes its files.
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

# compares STACK: each engine differs from us exactly as the stack records.
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

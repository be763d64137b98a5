# shellcheck shell=bash
# Root file systems of images: what mkrootfs writes, as the kernel, GNU tar, bsdtar and GNU cpio restore it, against what
# umoci unpacks from the same image. e2fsck and fsck.erofs must find nothing.

stacks=$TOP/tools/internal/rootfs/testdata

# section FILE NAME: prints the file NAME in the txtar archive FILE.
section() { awk -v head="-- $2 --" '/^-- .* --$/ { on = $0 == head; next } on' "$1"; }

# rootfs LAYOUT FORMAT FILE FLAG...: writes the root file system of the only image in a layout.
rootfs() {
  jq -c '.manifests[0]' "$1/index.json" >"$1.root.json"
  mkrootfs --root="$1.root.json" --blobs="$1/blobs" --format="$2" --output="$3" "${@:4}"
}

# restored FORMAT FILE DIR: the tree in FILE, at DIR.
restored() {
  mkdir -p "$3"
  case $1 in
  tar) tar --extract --preserve-permissions --same-owner --numeric-owner --xattrs --xattrs-include='*' --file "$2" -C "$3" ;;
  bsdtar | bsdcpio) bsdtar -xp --numeric-owner --xattrs --fflags -f "$2" -C "$3" ;;
  cpio)
    cpio -itv <"$2" >"$2.list"
    (cd "$3" && cpio -idm --no-absolute-filenames <"$2")
    ;;
  ext4)
    e2fsck -fn "$2"
    mount -o loop,ro,noload "$2" "$3"
    ;;
  erofs)
    fsck.erofs "$2"
    mount -t erofs -o loop,ro "$2" "$3"
    ;;
  esac
}

# as_umoci_has_it FORMAT: adapts umoci's list to the format.
as_umoci_has_it() {
  case $1 in
  # GNU cpio sets the time of a directory before it adds files to it, does not set that of a symlink, and leaves the
  # directory in which it unpacks as it is. The format has no extended attributes.
  cpio) timeless | sed -E 's/ [^ ]+$/ -/; s/^([^ ]+ l( [^ ]+){4}) [0-9-]+ /\1 * /; s,^/ .*,/,' ;;
  bsdcpio) as_umoci_has_it bsdtar | sed -E 's/ [^ ]+$/ -/' ;;
  # bsdtar leaves the directory in which it unpacks as it is, except for its mode and owner.
  bsdtar) sed -E 's,^(/ d( [^ ]+){4}) [0-9]+ ,\1 * ,' ;;
  *) cat ;;
  esac
}

# is_as_unpacked STACK FORMAT: the format has what umoci unpacks.
is_as_unpacked() {
  local dir=$WORK/$1.$2 format=$2 flags=()
  case $2 in
  bsdtar) format=tar ;;
  cpio | bsdcpio) format=cpio flags=(--drop-xattrs) ;;
  esac
  rootfs "$WORK/$1.layout" "$format" "$dir.image" "${flags[@]}"
  restored "$2" "$dir.image" "$dir"
  tree_list "$dir" | grep -v '^/lost+found ' | as_umoci_has_it "$2" | LC_ALL=C sort >"$dir.got"
  ! mountpoint -q "$dir" || umount "$dir"
  as_umoci_has_it "$2" <"$WORK/$1.unpacked" | LC_ALL=C sort | diff - "$dir.got"
}

# unpacked STACK: what umoci unpacks, with what rootfs.sh records to be different: a directory that no layer states has the
# time of unpacking there.
unpacked() {
  umoci raw unpack --image "$WORK/$1.layout:stack" "$WORK/$1.umoci"
  tree_list "$WORK/$1.umoci" | sed -E 's/^(([^ ]+ ){6})[1-9][0-9]{9} /\10 /' >"$WORK/$1.unpacked"
}

# compares STACK: each format of the stack.
compares() {
  local format
  rootlist make "$stacks/$1.txtar" "$WORK/$1.layout"
  if [ -n "$(section "$stacks/$1.txtar" umoci)" ]; then
    section "$stacks/$1.txtar" want | sed -E 's/ [0-9]+$//' >"$WORK/$1.unpacked"
  else
    unpacked "$1"
  fi
  for format in tar bsdtar cpio bsdcpio ext4 erofs; do
    is_as_unpacked "$1" "$format" || fail "$format differs"
  done
}

packages attr cpio e2fsprogs erofs-utils libarchive-tools umoci
go build -C "$TOP" -o "$RUN/bin/rootlist" ./tools/internal/rootfs/internal/rootlist
go build -C "$TOP" -o "$RUN/bin/mkrootfs" ./tools/mkrootfs
for file in "$stacks"/*.txtar; do
  stack=$(basename "$file" .txtar)
  [ -n "$(section "$file" want)" ] || continue
  check "every format holds what umoci unpacks: \"$stack\"" compares "$stack"
done

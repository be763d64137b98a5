# shellcheck shell=bash
# Root file systems of images: what mkrootfs writes, as the kernel, GNU tar, bsdtar, GNU cpio and unsquashfs restore it, and
# what mksquash writes, as umoci unpacks it, against what umoci unpacks from the same image. e2fsck and fsck.erofs must find
# nothing.

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
  squashfs) mount -t squashfs -o loop,ro "$2" "$3" ;;
  unsquashfs) unsquashfs -quiet -no-progress -strict-errors -force -dest "$3" "$2" ;;
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
  unsquashfs) format=squashfs flags=(--compression=gzip) ;;
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

# squashed LAYOUT DIR FLAG...: merges the layers of the image in a layout, and unpacks the result with umoci.
squashed() {
  local out=$2.image
  mkdir "$out"
  jq -c '.manifests[0]' "$1/index.json" >"$out/root.json"
  mksquash --root="$out/root.json" --blobs="$1/blobs" --output="$out/layer" --layer-descriptor="$out/layer.json" \
    --shape="$out/shape" --config="$out/config" --manifest="$out/manifest" --descriptor="$out/descriptor" \
    --digest="$out/digest" "${@:3}"
  mklayout --root="$out/descriptor" --document="$out/manifest" --document="$out/config" \
    --layer="$out/layer.json=$out/layer" --blobs="$1/blobs" --layout="$out/layout" --name=localhost/squashed:squashed
  umoci raw unpack --image "$out/layout:squashed" "$2"
}

# manifest_of LAYOUT: the path of the manifest of the only image in a layout.
manifest_of() {
  local digest
  digest=$(jq -r '.manifests[0].digest' "$1/index.json")
  echo "$1/blobs/${digest/://}"
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
  for format in tar bsdtar cpio bsdcpio ext4 erofs squashfs unsquashfs; do
    is_as_unpacked "$1" "$format" || fail "$format differs"
  done
  squashed "$WORK/$1.layout" "$WORK/$1.squashed"
  tree_list "$WORK/$1.squashed" | diff "$WORK/$1.unpacked" - || fail "the squashed image differs"
}

# mounted FILE DIR COMMAND...: runs the command while a file system image is mounted at DIR.
mounted() {
  local options=loop,ro status=0
  mkdir -p "$2"
  [ "$(blkid -o value -s TYPE "$1")" != ext4 ] || options=loop,ro,noload
  mount -o "$options" "$1" "$2"
  "${@:3}" || status=$?
  umount "$2"
  return "$status"
}

# limits: owners, times, names, symlinks, devices, attributes and holes at the limits of the formats.
limits() {
  local format
  rootlist limits limits.layout
  umoci raw unpack --image limits.layout:stack limits.umoci
  # umoci sets the time of the root before it unpacks, and drops empty attributes.
  tree_digest limits.umoci | sed -E 's/^(\|d\|711\|1\|2\|)[0-9.]+\|/\1*|/' >limits.want
  rootfs limits.layout ext4 limits.ext4 --free=1M
  e2fsck -fn limits.ext4
  rootfs limits.layout erofs limits.erofs
  fsck.erofs limits.erofs
  for format in ext4 erofs; do
    mounted "limits.$format" limits.mount tree_digest limits.mount | sed -E \
      -e 's/^(\|d\|711\|1\|2\|)[0-9.]+\|9?/\1*|/' -e '/^lost\+found\|/d' -e '/^user\.0=0x$/d' |
      sed -E 's/^(\|d\|711\|1\|2\|\*\|)8?/\18/' >"limits.$format.list"
    diff limits.want "limits.$format.list"
  done
  for format in many only end; do
    debugfs -R "stat /holes/$format" limits.ext4 >"limits.$format"
  done
  contains limits.many 'Size: 3000001' 'Blockcount: 2944'
  contains limits.only 'Size: 10000' 'Blockcount: 0'
  contains limits.end 'Size: 20005' 'Blockcount: 8'
}

# squashfs_limits: likewise for squashfs, with its compressions, without fractions of a second.
squashfs_limits() {
  local codec
  rootlist squashfs-limits squashfs.layout
  umoci raw unpack --image squashfs.layout:stack squashfs.umoci
  squashfs_list squashfs.umoci >squashfs.want
  for codec in gzip zstd; do
    rootfs squashfs.layout squashfs "squashfs.$codec" --compression="$codec"
    unsquashfs -stat "squashfs.$codec" >squashfs.stat
    contains squashfs.stat "Compression $codec" 'Filesystem is exportable' 'Creation or last append time Thu Jan  1 00:00:00 1970'
    mounted "squashfs.$codec" squashfs.mount squashfs_list squashfs.mount | sed '/^user\.0=0x$/d' | diff squashfs.want -
    unsquashfs -quiet -no-progress -strict-errors -dest "squashfs.$codec.tree" "squashfs.$codec"
    squashfs_list "squashfs.$codec.tree" | sed '/^user\.0=0x$/d' | diff squashfs.want -
  done
  (umask 077 && GOMAXPROCS=1 TZ=Asia/Tokyo rootfs squashfs.layout squashfs squashfs.again)
  cmp squashfs.zstd squashfs.again
}

# squashfs_list DIR: lists DIR, without the time of the root.
squashfs_list() {
  tree_digest "$1" | sed -E -e 's/^(([^|]*\|){5}[0-9]+)\.[0-9]+\|/\1|/' -e 's/^(\|d\|711\|1\|2\|)[0-9]+\|/\1*|/'
}

# huge: a file of more than 4 GiB.
huge() {
  local size=$((4300 << 20))
  printf begin >huge
  truncate --size $((size - 3)) huge
  printf end >>huge
  tar --create --format=posix --file - huge | zstd --quiet -1 -o huge.tar.zst
  rm huge
  rootlist pack huge.layout huge.tar.zst
  rootfs huge.layout squashfs huge.squashfs
  mounted huge.squashfs huge.mount huge_holds "$size"
}

# huge_holds SIZE: the size, the ends and the blocks of the huge file.
huge_holds() {
  equal size "$1" "$(stat --format %s huge.mount/huge)"
  equal "begin and end" beginend "$(head -c 5 huge.mount/huge)$(tail -c 3 huge.mount/huge)"
  equal blocks 512 "$(stat --format %b huge.mount/huge)"
}

# sizes: e2fsck finds nothing, whatever the size, and the size is the requested one.
sizes() {
  local size
  rootlist make "$stacks/disagreement.txtar" sizes.layout
  for size in 1M 8M 127M 128M 131328K 129M 130M 257M 385M 1G 5G 17G 300G; do
    rootfs sizes.layout ext4 sizes.ext4 --size="$size"
    e2fsck -fn sizes.ext4 || fail "size $size"
    equal "size $size" "$(numfmt --from=iec "$size")" "$(stat --format %s sizes.ext4)"
    rm sizes.ext4
  done
  for size in 0 1 1M 63M 126M 127M 128M 200M 3G; do
    rootfs sizes.layout ext4 sizes.ext4 --free="$size"
    e2fsck -fn sizes.ext4 || fail "free $size"
    rm sizes.ext4
  done
}

# large: more subdirectories than a link count holds, a file of several extents, and one whose extents need two levels.
large() {
  mkdir -p large.tree/many large.tree/big
  (cd large.tree/many && seq -f dir-%06g 1 65100 | xargs mkdir)
  head -c 300M /dev/zero | tr '\0' x >large.tree/big/contiguous
  tar --create --format=posix --sort=name --file large.tar --directory large.tree .
  rootlist pack large.layout large.tar
  rm large.tar
  rootfs large.layout ext4 large.ext4
  e2fsck -fn large.ext4
  rootfs large.layout erofs large.erofs
  fsck.erofs large.erofs
  rootfs large.layout squashfs large.squashfs
  mounted large.ext4 large.mount large_holds 1
  mounted large.erofs large.mount large_holds 65102
  mounted large.squashfs large.mount large_holds 65102
  # This looks up each name, in the index of the directory.
  equal lookups 65100 "$(mounted large.squashfs large.mount find large.mount/many -mindepth 1 -links 2 -printf . | wc -c)"
}

# large_holds LINKS: the link count of the directory with many subdirectories, and the contents.
large_holds() {
  equal links "$1" "$(stat --format %h large.mount/many)"
  equal subdirectories 65100 "$(find large.mount/many -mindepth 1 -type d | wc -l)"
  cmp large.tree/big/contiguous large.mount/big/contiguous
}

# grows: an image can be enlarged, gets a journal, and can be written to.
grows() {
  rootfs limits.layout ext4 grows.ext4 --free=4M
  truncate --size 3G grows.ext4
  resize2fs grows.ext4
  e2fsck -fn grows.ext4
  tune2fs -O has_journal grows.ext4
  e2fsck -fn grows.ext4
  mkdir grows.mount
  mount -o loop,rw grows.ext4 grows.mount
  mkdir grows.mount/directory/new
  head -c 200M /dev/urandom >grows.mount/new
  rm -r grows.mount/holes grows.mount/symlink-4000
  setfattr --name user.new --value "$(head -c 3000 /dev/zero | tr '\0' v)" grows.mount/fine
  umount grows.mount
  e2fsck -fn grows.ext4
}

# random FROM TO: random stacks of layers, as umoci unpacks them. Stacks that we refuse are left out.
random() {
  local seed format count=0
  for seed in $(seq "$1" "$2"); do
    rm -rf random.*
    rootlist random "$seed" random.layout
    rootlist list random.layout >random.list 2>random.err || continue
    count=$((count + 1))
    umoci raw unpack --image random.layout:stack random.umoci
    # A directory that no layer states, or that changes later, has the time of unpacking there.
    tree_list random.umoci | timeless >random.want
    squashed random.layout random.squashed
    tree_list random.squashed | timeless | diff random.want - || fail "seed $seed, all layers squashed"
    if jq -e '.layers | length > 1' "$(manifest_of random.layout)"; then
      jq -c '.layers |= .[:1]' "$(manifest_of random.layout)" >random.base
      squashed random.layout random.above --above=random.base
      tree_list random.above | timeless | diff random.want - || fail "seed $seed, layers above the first squashed"
    fi
    rootfs random.layout ext4 random.ext4 --free=1M
    rootfs random.layout erofs random.erofs
    rootfs random.layout squashfs random.squashfs
    e2fsck -fn random.ext4
    for format in ext4 erofs squashfs; do
      mounted "random.$format" random.mount tree_list random.mount | grep -v '^/lost+found ' | timeless >"random.$format.list"
      diff random.want "random.$format.list" || fail "seed $seed, $format"
    done
  done
  note "$count of the random stacks merge"
  [ "$count" -ge 30 ] || fail "too few stacks merge: $count"
}

# above FROM TO: a layer above others means the same for Docker's overlay2, which unpacks each layer on its own.
above() {
  local seed count=0
  for seed in $(seq "$1" "$2"); do
    rm -rf above.*
    rootlist above "$seed" above.layout 2>above.err || continue
    count=$((count + 1))
    # Docker ignores the attributes of the root.
    rootlist list above.layout | sed -E 's/ [0-9]+$//' | timeless | grep -v '^/ ' | LC_ALL=C sort >above.want
    mkdir above.docker
    docker_unpack above.layout above.docker | grep -v '^/ ' | LC_ALL=C sort | diff above.want - || fail "seed $seed"
  done
  note "$count of the random stacks have several layers and merge"
  [ "$count" -ge 15 ] || fail "too few stacks: $count"
}

# compressed: the codecs of archives change nothing but the compression, and equal inputs have equal bytes.
compressed() {
  rootfs limits.layout tar plain.tar --digest=digest
  equal digest "sha256:$(sha256sum <plain.tar | head -c 64)" "$(cat digest)"
  rootfs limits.layout tar plain.tar.gz --compression=gzip
  rootfs limits.layout tar plain.tar.zst --compression=zstd --level=9
  gzip -dc plain.tar.gz | cmp - plain.tar
  zstd -dc plain.tar.zst | cmp - plain.tar
  GOMAXPROCS=1 TZ=Asia/Tokyo rootfs limits.layout tar again.tar.gz --compression=gzip
  cmp plain.tar.gz again.tar.gz
  (umask 077 && GOMAXPROCS=1 rootfs limits.layout ext4 again.ext4 --free=1M)
  cmp limits.ext4 again.ext4
}

packages attr cpio e2fsprogs erofs-utils libarchive-tools squashfs-tools umoci zstd
go build -C "$TOP" -o "$RUN/bin/rootlist" ./tools/internal/rootfs/internal/rootlist
go build -C "$TOP" -o "$RUN/bin" ./tools/mklayout ./tools/mkrootfs ./tools/mksquash
for file in "$stacks"/*.txtar; do
  stack=$(basename "$file" .txtar)
  [ -n "$(section "$file" want)" ] || continue
  check "every format, and the squashed image, holds what umoci unpacks: \"$stack\"" compares "$stack"
done
check "files at the limits of the formats are as umoci unpacks them" limits
check "files at the limits of squashfs are as umoci unpacks them" squashfs_limits
check "archives are compressed reproducibly" compressed
check "e2fsck accepts every size" sizes
check "65,100 subdirectories and files of several extents" large
check "a file of more than 4 GiB in squashfs" huge
check "ext4 can be enlarged, get a journal, and be written to" grows
check "random stacks of layers are as umoci unpacks them" random 1 60
export DOCKER_HOST=unix://$WORK/docker.sock
check "Docker starts with overlay2" docker_overlay_start
check "a layer above others is the same in overlay2" above 1 40
daemon_stop dockerd-overlay

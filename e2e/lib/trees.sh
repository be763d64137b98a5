# shellcheck shell=bash
# Lists of file trees, which can be compared line by line.

# tree_list DIR: lists DIR as rootlist would, but without layers.
tree_list() {
  local path file kind mode uid gid size mtime inode sum link xattrs
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

# tree_digest DIR: lists DIR with all metadata, including fractions of a second and numbers of links, and the contents of
# its files. It is faster than tree_list.
tree_digest() (
  cd "$1"
  find . -printf '%P|%y|%m|%U|%G|%T@|%n|%l|' \( -type d -printf '-\n' -o -type c -printf 'c%i\n' -o -type b -printf 'b%i\n' \
    -o -printf '%s\n' \) | sed -E 's/\|[cb][0-9]+$/|-/' | LC_ALL=C sort
  find . \( -type c -o -type b \) -exec stat --format '%n %Hr,%Lr' {} + | LC_ALL=C sort
  find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum
  find . -print0 | LC_ALL=C sort -z | xargs -0r getfattr --no-dereference --dump --match=- --encoding=hex
)

# timeless: hides the times of directories in a tree_list.
timeless() { sed -E 's/^([^ ]+ d( [^ ]+){4}) [0-9-]+ /\1 * /'; }

# docker_overlay_start: a Docker daemon for one case alone that keeps images in overlay2. The caller exports DOCKER_HOST.
docker_overlay_start() { docker_serve dockerd-overlay "$WORK/docker" --storage-driver=overlay2; }

# docker_unpack LAYOUT DIR: lists the files of a layout's image in Docker. DIR takes them.
#
# docker export adds the container's own files and mount points, and keeps no extended attribute but security.capability.
docker_unpack() {
  local container
  loads docker "$@"
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

# loads ENGINE LAYOUT DIR: the engine loads the image as localhost/stack:stack.
loads() {
  skopeo copy --quiet "oci:$2:stack" "docker-archive:$3/image.tar:localhost/stack:stack"
  "$1" load --input "$3/image.tar" >&2
}

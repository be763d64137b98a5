# shellcheck shell=bash
# Copies of the checkout.

# checkout FROM DIR: a copy of the files of the checkout FROM that git tracks or would track, changes included, with the modes
# that umask gives. It is a clone, too.
checkout() {
  mkdir -p "$(dirname "$2")"
  git clone --quiet --shared --no-checkout "$1" "$2"
  # Files that are tracked, but deleted, are in neither list.
  git -C "$1" ls-files -z --cached --others --exclude-standard --deduplicate | (cd "$1" && xargs -0 sh -c \
    'for file; do [ ! -e "$file" ] && [ ! -L "$file" ] || printf "%s\0" "$file"; done' -) |
    tar --create --directory "$1" --null --files-from=- |
    tar --extract --directory "$2" --no-same-permissions
  git -C "$2" reset --quiet
}

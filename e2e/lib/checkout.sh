# shellcheck shell=bash
# Copies of the checkout.

# checkout FROM DIR: a copy of the files of the checkout FROM that git tracks or would track, changes included, with the modes
# that umask gives. It is a clone, too.
checkout() {
  mkdir -p "$(dirname "$2")"
  git clone --quiet --shared --no-checkout "$1" "$2"
  # Without files that are tracked, but deleted.
  comm -z -23 \
    <(git -C "$1" ls-files -z --cached --others --exclude-standard --deduplicate | LC_ALL=C sort -z) \
    <(git -C "$1" ls-files -z --deleted | LC_ALL=C sort -z) |
    tar --create --directory "$1" --null --files-from=- |
    tar --extract --directory "$2" --no-same-permissions
  git -C "$2" reset --quiet
}

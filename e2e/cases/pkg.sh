# shellcheck shell=bash
# Targets of rules_pkg in a layer, compared with rules_pkg's own archive of them, with modules and in WORKSPACE mode.

cd "$E2E/pkg"

# listed FILE: the entries of an archive, with modes, owners' numbers and names, times, targets and files' contents, except
# undeclared parents, to which rules_pkg gives the owner of the first file in them.
listed() {
  local dir
  dir=$(mktemp -d "$WORK/unpacked.XXXXXX")
  {
    tar --list --verbose --full-time --file "$1"
    tar --list --verbose --full-time --numeric-owner --file "$1"
  } | sed -E 's/ +/ /g' | grep -Ev '^d.*/$' || [ $? = 1 ]
  tar --list --verbose --full-time --file "$1" | sed -E 's/ +/ /g' | grep -E '^d.*(/app|/pages.*)/$'
  tar --extract --no-same-owner --no-same-permissions --file "$1" --directory "$dir"
  (cd "$dir" && find . -type f -exec sha256sum {} +)
}

same_as_pkg_tar() {
  bazel build "$@" //:layer //:tar
  listed bazel-bin/tar.tar | sort >"$WORK/want"
  listed bazel-bin/layer.tar.gz | sort >"$WORK/got"
  equal "lines about rules_pkg's archive" 27 "$(wc -l <"$WORK/want")"
  diff "$WORK/want" "$WORK/got"
}

archive_is_layer() {
  bazel test //:image_test
  bazel build //:image //:tar --output_groups=+archive
  tar --extract --to-stdout --file bazel-bin/image.tar "blobs/sha256/$(sha256sum <bazel-bin/tar.tar | cut -d' ' -f1)" |
    cmp - bazel-bin/tar.tar
}

attributes_win() {
  bazel build //:overridden
  tar --list --verbose --numeric-owner --file bazel-bin/overridden.tar.gz | sed -E 's/ +/ /g' >"$WORK/listing"
  contains "$WORK/listing" "-rwsr-xr-x 1/2 21 1970-01-01 00:00 package/usr/bin/hello"
}

documented() {
  bazel build //:doc.textproto
  contains bazel-bin/doc.textproto 'rule_name: "image_layer"'
}

check "a layer has the contents of rules_pkg's archive" same_as_pkg_tar
check "rules_pkg's archive is a layer of an image" archive_is_layer
check "attributes of the layer take precedence" attributes_win
check "Stardoc can read the rules" documented
check "the same in WORKSPACE mode" same_as_pkg_tar --noenable_bzlmod --enable_workspace

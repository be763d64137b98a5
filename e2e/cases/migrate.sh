# shellcheck shell=bash
# tools/migrate: workspaces for each ruleset are translated completely, and the results are built with these rules.

translate() {
  local dir=$E2E/migrate/migrated/$1
  rm -rf "$dir"
  mkdir -p "$(dirname "$dir")"
  cp -r "$E2E/migrate/$1" "$dir"
  "$WORK/migrate" --workspace="$dir" --write
  cat "$dir"/*.bazel "$dir"/*.bzl >"$WORK/all" 2>/dev/null || [ -s "$WORK/all" ]
  lacks "$WORK/all" @rules_oci @io_bazel_rules_docker @rules_img
  "$WORK/migrate" --workspace="$dir" >"$WORK/again" 2>"$WORK/report"
  equal "a second run" "" "$(cat "$WORK/again")"
  # As a user of this checkout would have it.
  printf 'local_path_override(\n    module_name = "rules_strata",\n    path = "../../../..",\n)\n' >>"$dir/MODULE.bazel"
}

# setting IMAGE FILTER: a value in the config of an image.
setting() { jq -cr "$2" "$(build "$1" config)"; }

# has IMAGE PATTERN TEXT: a line of the listings of the image's layers matches the pattern, and has the text.
has() {
  entries "$(build "$1" oci_layout)" "$2" >"$WORK/entries"
  contains "$WORK/entries" "$3"
}

entries() {
  jq -r '.layers[].digest' "$1/blobs/$(jq -r '.manifests[0].digest' "$1/index.json" | tr : /)" | while read -r digest; do
    tar --numeric-owner -tvf "$1/blobs/${digest/://}"
  done | grep -E " $2\$"
}

oci() {
  translate oci
  cd "$E2E/migrate/migrated/oci"
  bazel build //...
  equal env '["PATH=/srv:/usr/bin"]' "$(setting //:image .config.Env)"
  equal cmd '["--greet"]' "$(setting //:image .config.Cmd)"
  equal "a cleared cmd" null "$(setting //:cleared .config.Cmd)"
  equal "a macro's entrypoint" '["/bin/small"]' "$(setting //:small_image .config.Entrypoint)"
  contains "$(build //:listing)" imageLayoutVersion
  equal "labels of a dictionary" dictionary "$(setting //:labels '.config.Labels["org.example"]')"
  equal "labels of a file" file "$(setting //:labels_of_file '.config.Labels["org.example"]')"
  equal "a user from two macros" 1000 "$(setting //:labels .config.User)"
  contains "$(build //:labels_files)/oci-layout" imageLayoutVersion
  has //:image '(\./)?srv/greeting\.txt' 0/0
}

docker() {
  translate docker
  cd "$E2E/migrate/migrated/docker"
  bazel build //...
  equal env '["PATH=/app:/usr/bin"]' "$(setting //:one .config.Env)"
  equal "a command of a shell" '["/bin/sh","-c","exec /run.sh"]' "$(setting //:two .config.Cmd)"
  equal "the program's args" '["--greet"]' "$(setting //:server .config.Cmd)"
  equal ports '{"80/tcp":{}}' "$(setting //:server .config.ExposedPorts)"
  layout_valid "$(build //:one oci_layout)"
  has //:one '(\./)?etc/app/app\.conf' -rw-r--r--
  has //:one '(\./)?run\.sh' -r-xr-xr-x
  has //:one "(\./)?$(setting //:server '.config.Entrypoint[0][1:]' | tr -d '"')" -rwxr-xr-x
}

img() {
  translate img
  cd "$E2E/migrate/migrated/img"
  bazel build //...
  equal workdir '"/srv"' "$(jq .config.WorkingDir "$(build //:image config)")"
  has //:image '(\./)?etc/app\.conf' 1000/1000
  has //:image '(\./)?srv/run' -rwxr-xr-x
}

check "the program" go -C "$TOP/tools/migrate" build -o "$WORK/migrate" .
check "rules_oci" oci
check "rules_docker" docker
check "rules_img" img

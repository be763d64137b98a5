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
  local layout
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
  layout=$(build //:both oci_layout)
  equal "the platforms of an index" '["amd64","arm64"]' \
    "$(jq -c '[.manifests[].platform.architecture]' "$layout/blobs/$(jq -r '.manifests[0].digest' "$layout/index.json" | tr : /)")"
  equal "a reference by digest" "registry.example.com/both@$(digest_of //:both)" "$(cat "$(build //:reference)")"
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
  equal "the args that a macro passes on" '["--passed"]' "$(setting //:passed .config.Cmd)"
  has //:copied '(\./)?app/run\.sh' -r-xr-xr-x
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

# A workspace with images of both rulesets, whose base is in the registry.
provide_verify() {
  registry_start pinned
  cp -R "$E2E/migrate/verify" "$WORK/verify"
  sed -i "s,RULES_STRATA,$(realpath --relative-to="$WORK/verify" "$RULES"),; s,REGISTRY,$(cat "$RUN/pinned.address")," "$WORK/verify/MODULE.bazel"
  mkdir "$WORK/tar" && tar -cf "$WORK/one.tar" -C "$WORK" --mtime=@1 tar
  podman import "$WORK/one.tar" localhost/one
  podman import --change ENV=ORIGIN=two "$WORK/one.tar" localhost/two
  move_tag one
}

# move_tag IMAGE: the tag of the base leads to the image, whose digest is in $WORK/IMAGE.digest.
move_tag() {
  podman push --tls-verify=false --digestfile="$WORK/$1.digest" "localhost/$1" "docker://$(cat "$RUN/pinned.address")/team/base:1"
}

# migrates CODE ARGS...: runs the program in the workspace. Its output is in $WORK/changes, its report in $WORK/report.
migrates() {
  local code=0
  "$WORK/migrate" --workspace="$WORK/verify" --bazel=bazel-e2e "${@:2}" >"$WORK/changes" 2>"$WORK/report" 3>&- || code=$?
  [ "$code" = "$1" ] || fail "exit code $code: $(cat "$WORK/report")"
}

# The tag moves between a run that shows the changes and the one that makes them.
pins() {
  local before
  before=$(requests pinned GET team/lost)
  migrates 2
  equal "requests without --pin" "$before" "$(requests pinned GET team/lost)"
  lacks "$WORK/changes" sha256:
  migrates 2 --pin
  contains "$WORK/changes" "+    reference = \"$(cat "$RUN/pinned.address")/team/base:1@$(cat "$WORK/one.digest")\""
  contains "$WORK/report" "[no-digest] the registry has no digest for $(cat "$RUN/pinned.address")/team/lost:2" "check the name"
  move_tag two
  migrates 2 --pin --write
  contains "$WORK/report" "/team/base:1 is pinned to $(cat "$WORK/two.digest")"
  move_tag one
  cd "$WORK/verify"
  equal "the environment" '["ORIGIN=two","B=2"]' "$(setting //:based .config.Env)"
}

# Nothing changes in the workspace, and nothing stays of the copies.
verifies() {
  tree "$WORK/verify" >"$WORK/tree"
  TMPDIR=$WORK/tar migrates 3 --verify --pin --write
  contains "$WORK/report" "verify: //:layout: the same" "verify: //:archive: the same" "verify: //:differs: different" \
    '  config WorkingDir: only before: "/"' "verify: //:based: not compared: there is no image from the build before" \
    "verify: 4 images: 2 the same, 2 different or not compared" "no file is changed"
  tree "$WORK/verify" | diff "$WORK/tree" -
  equal "the copies" "" "$(ls -A "$WORK/tar")"
}

# tree DIR: the names, times and contents of its files.
tree() { (cd "$1" && find . -path ./bazel-\* -prune -o -type f -printf '%p %T@ ' -exec sha256sum {} \; | sort); }

check "the program" go -C "$TOP/tools/migrate" build -o "$WORK/migrate" .
check "rules_oci" oci
check "rules_docker" docker
check "rules_img" img
check "a registry and a workspace with both rulesets" provide_verify
check "--verify" verifies
check "--pin" pins

# shellcheck shell=bash
# Programs of several rulesets with runfiles of every kind, in one layer and in several, under their own names and under
# others, alone and in a group. In Docker and in Podman each finds its files, the history distinguishes layers, both hold
# the same files, and a change makes only one layer again.

cd "$E2E/runfiles"
programs=(cc go links py shell)
declare -A group=([cc]=/srv/cc [go]=/srv/go_/go [links]=/srv/links [py]=/srv/py [shell]=/srv/shell)

base_made() {
  rm -rf base
  mkdir base
  base_debian "$WORK/debian.tar"
  podman import "$WORK/debian.tar" localhost/debian:latest
  podman save --format oci-archive --output base/oci-archive.tar localhost/debian:latest
}

# loaded IMAGE: the image in both engines, as localhost/IMAGE:latest.
loaded() {
  local archive
  archive=$(build "//:$1" archive)
  archive_valid "$archive" 1
  skopeo copy "oci-archive:$archive" "docker-archive:$WORK/$1.tar:localhost/$1:latest"
  docker load --input "$WORK/$1.tar"
  podman load --input "$WORK/$1.tar"
}

# expected PROGRAM: its output if it finds its files.
expected() {
  local hello="hello from another repository"
  case $1 in
    cc) printf 'cc: %s\n' "a local library" "three of another repository" ;;
    go)
      printf 'go: %s\n' "greeting/hello.txt $hello" "_main/data/tree/link.txt a leaf" \
        "_main/data/directory/link.txt in a source directory"
      ;;
    links)
      printf 'links: %s\n' "_main/linked/file.txt first-party data" "_main/linked/tree/link.txt a leaf" \
        "at-the-root.txt first-party data" "greeting/beside.txt $hello" "other~/x.txt $hello" \
        "dangling ../no/where" "itself ../../../links" "names _main/linked/a = b"
      ;;
    py)
      printf 'py: %s\n' "${hello^^}" "package __init__.py 0" "_main/data/file.txt first-party data" \
        "_main/data/tree/link.txt a leaf" "_main/data/directory/link.txt in a source directory" \
        "numbers/numbers.txt one two three"
      ;;
    shell)
      printf 'shell: %s\n' "greeting/hello.txt $hello" "_main/data/tree/link.txt a leaf" \
        "_main/data/directory/link.txt in a source directory"
      expected py | sed 's/^/shell: /'
      ;;
  esac
}

# finds ENGINE IMAGE PROGRAM COMMAND [NAME]: COMMAND prints PROGRAM's expected output in a container, where PROGRAM
# is called NAME.
finds() {
  expected "$3" | sed "s,\(itself .*/\)links\$,\1${5:-links}," >"$WORK/want"
  "$1_run" "localhost/$2:latest" -c "cd /tmp && $4" >"$WORK/got"
  diff "$WORK/want" "$WORK/got"
}

# distinguished ENGINE IMAGE: the engine's history describes the contents of each layer, and differs for all layers.
distinguished() {
  local twice program
  "$1" history --no-trunc --format '{{.CreatedBy}}' "localhost/$2:latest" >"$WORK/history"
  twice=$(sort "$WORK/history" | uniq --repeated)
  equal "descriptions of several layers" "" "$twice"
  grep '^rules_strata /' "$WORK/history" | sed 's/ ([0-9]* files)$//' >"$WORK/got"
  equal "lines that are not ours" 1 "$(grep --count --invert-match '^rules_strata /' "$WORK/history")" # from the base
  case $2 in
    single)
      {
        echo "/srv/cc.runfiles/_main/_solib_k8/ /srv/server /srv/server.runfiles/"
        for program in shell py links go cc; do
          case $program in cc) printf "/opt/cc.runfiles/_main/_solib_k8/ " ;; esac
          echo "/opt/other-$program /opt/other-$program.runfiles/"
          echo "/app/$program /app/$program.runfiles/"
        done
        echo "/srv/cc /srv/cc.runfiles/ /srv/file.txt /srv/go_/ /srv/links /srv/links.runfiles/ /srv/py /srv/py.py" \
          "/srv/py.runfiles/ /srv/shell /srv/shell.runfiles/ /srv/shell.sh"
        echo "/usr/local/bin/links /usr/local/bin/py /usr/local/bin/server"
      } | sed 's/^/rules_strata /' >"$WORK/want"
      sed -i 's,_solib_[a-z0-9_-]*,_solib_k8,' "$WORK/got" # it contains the machine's name
      diff "$WORK/want" "$WORK/got"
      ;;
    split) note "$1: $(wc -l <"$WORK/got") distinct layers" ;;
  esac
}

# as_bazel_has_it PROGRAM: the layer's runfiles have the names of Bazel's own runfiles directory, except those that only
# Bazel needs: the manifest, and links to external repositories at a place that Bazel 8 has dropped.
as_bazel_has_it() {
  local layer executable
  layer=$(build "//:$1_layer")
  bazel build "//$1"
  executable=$(bazel cquery --output=starlark --starlark:expr=target.files_to_run.executable.path "//$1")
  (cd "$executable.runfiles" && find -L . ! -type d) |
    grep -vE '^\./(MANIFEST$|_main/external/)' | sort >"$WORK/want"
  [ -s "$WORK/want" ]
  tar --list --file "$layer" | sed -n "s,^app/$1\.runfiles/\(.*[^/]\)\$,./\1,p" | sort >"$WORK/got"
  diff "$WORK/want" "$WORK/got"
}

# same_union PROGRAM: the split layers, stacked, have the contents of the single one, including times and owners.
same_union() {
  local single layer layers=0
  single=$(build "//:$1_layer")
  bazel build "//:$1_layers"
  mkdir "$WORK/$1.one" "$WORK/$1.many"
  tar --extract --file "$single" --directory "$WORK/$1.one"
  for layer in "bazel-bin/$1_layers".*.tar.gz; do
    layers=$((layers + 1))
    tar --list --verbose --numeric-owner --full-time --file "$layer"
    tar --extract --file "$layer" --directory "$WORK/$1.many"
  done >"$WORK/all"
  sort -u "$WORK/all" >"$WORK/got"
  tar --list --verbose --numeric-owner --full-time --file "$single" | sort >"$WORK/want"
  diff "$WORK/want" "$WORK/got"
  diff --recursive --no-dereference "$WORK/$1.one" "$WORK/$1.many"
  note "$1: $layers layers, $(wc -l <"$WORK/want") entries"
}

# sums: the layers of //:py_layers, by content.
sums() { (cd bazel-bin && sha256sum py_layers.*.tar.gz); }

# rebuilds WHAT WANT: fails unless WANT lists the layers that a build makes, and those that change.
rebuilds() {
  local made changed
  sums >"$WORK/before"
  bazel build --execution_log_json_file="$WORK/log" //:py_layers
  sums >"$WORK/after"
  made=$(jq -rs 'map(select(.mnemonic == "MkLayer") | .listedOutputs[] | select(endswith(".tar.gz"))
    | sub(".*/"; "")) | sort | join(" ")' "$WORK/log")
  changed=$(grep -vxFf "$WORK/before" "$WORK/after" | sed 's/.* //' | paste -sd ' ' || [ $? = 1 ])
  note "$1: made ${made:-none} of $(wc -l <"$WORK/after") layers"
  equal "layers made after $1" "$2" "$made"
  equal "layers changed after $1" "$2" "$changed"
}

# A hash of a repository's name determines its layer, and names differ between Bazel's versions.
rebuilds_external() {
  local layer
  for layer in bazel-bin/py_layers.external-*.tar.gz; do
    if tar --list --file "$layer" | grep '/numbers\.txt$'; then break; fi
  done
  rebuilds "a change in an external repository" "$(basename "$layer")"
}

check "a base with bash and Python" base_made
check "a Docker daemon starts" docker_start
for image in single split; do
  check "$image: Docker and Podman load it" loaded "$image"
  for engine in docker podman; do
    check "$image in $engine: the history distinguishes the layers" distinguished "$engine" "$image"
    for program in "${programs[@]}"; do
      check "$image in $engine: $program" finds "$engine" "$image" "$program" "/app/$program"
      check "$image in $engine: $program under another name" \
        finds "$engine" "$image" "$program" "/opt/other-$program" "other-$program"
      check "$image in $engine: $program of a group" finds "$engine" "$image" "$program" "${group[$program]}"
    done
    check "$image in $engine: links through a symlink" finds "$engine" "$image" links links
    check "$image in $engine: py through a relative symlink" finds "$engine" "$image" py py
    check "$image in $engine: py from within its runfiles" finds "$engine" "$image" py /app/py.runfiles/_main/py/py
    check "$image in $engine: cc under another name" finds "$engine" "$image" cc /srv/server
    check "$image in $engine: cc under another name, through a symlink" finds "$engine" "$image" cc server
    check "$image in $engine: links from within its runfiles" finds "$engine" "$image" links \
      /app/links.runfiles/_main/links/links
  done
done
for program in "${programs[@]}"; do
  check "$program: the same runfiles as in Bazel's directory" as_bazel_has_it "$program"
  check "$program: several layers have the contents of a single one" same_union "$program"
done
check "no change: no layer is rebuilt" rebuilds "no change" ""
cp numbers/numbers.txt py/lib/voice.py "$WORK"
echo "# $RUN" >>py/lib/voice.py
check "one line of first-party code: one layer" rebuilds "a first-party change" py_layers.app.tar.gz
echo "# $RUN" >>numbers/numbers.txt
check "one line in an external repository: its layer" rebuilds_external
cp "$WORK/numbers.txt" numbers/
cp "$WORK/voice.py" py/lib/
rm -rf base

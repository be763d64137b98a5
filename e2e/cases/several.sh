# shellcheck shell=bash
# Several images in one archive, layout, load or push, names with variables, and containers that run after a load.

cd "$E2E/walkthrough"
mkdir several
cp /bin/busybox several/busybox
echo one >several/one
echo two >several/two
printf 'localhost/several/file:{{STABLE_VERSION}}\n' >several/names
printf '#!/bin/sh\necho STABLE_VERSION 1.2\necho VOLATILE_BUILD 7\n' >several/status.sh
chmod +x several/status.sh
cat >several/BUILD.bazel <<'BUILD'
load("@rules_strata//rules:defs.bzl", "image", "image_archive", "image_index", "image_layer", "image_load", "image_push", "image_push_all")

image_layer(
    name = "shared",
    files = {"/bin/busybox": "busybox"},
    symlinks = {"/bin/%s" % program: "busybox" for program in ["cat", "sh"]},
)

[
    image_layer(
        name = name + "_layer",
        files = {"/text": name},
    )
    for name in ["one", "two"]
]

[
    image(
        name = "%s_%s" % (name, architecture),
        allow_any_architecture = True,  # nothing runs the other architecture's busybox
        architecture = architecture,
        cmd = ["/bin/cat", "/text"],
        layers = [":shared", ":%s_layer" % name],
        os = "linux",
    )
    for name in ["one", "two"]
    for architecture in ["amd64", "arm64"]
]

image_index(
    name = "index",
    images = [":one_amd64", ":one_arm64"],
)

IMAGES = {
    "localhost/several/again:v1": ":one_amd64",
    "localhost/several/one:latest": ":one_amd64",
    "localhost/several/two:latest": ":two_amd64",
}

image_archive(
    name = "archive",
    images = IMAGES,
)

image_archive(
    name = "with_index",
    images = IMAGES | {"localhost/several/index:v2": ":index"},
)

image_load(
    name = "load",
    images = IMAGES,
)

[
    image_load(
        name = name,
        image = ":one_amd64",
        repo_tags = ["localhost/several/named:%s-{{STABLE_VERSION}}" % ("$(COMPILATION_MODE)" if name == "named" else name)],
        repo_tags_file = "names",
    )
    for name in ["named", "run"]
]

image_archive(
    name = "named_archive",
    image = ":one_amd64",
    repo_tags = ["localhost/several/named:$(COMPILATION_MODE)-{{STABLE_VERSION}}"],
    repo_tags_file = "names",
)

image_load(
    name = "broken_load",
    image = ":one_amd64",
    repo_tags = ["localhost/several/broken:{{STABLE_UNDEFINED}}"],
)

image_push(
    name = "push",
    image = ":index",
    remote_tags = ["{{VOLATILE_BUILD}}"],
    repository = "{{STABLE_REGISTRY}}/several",
)

image_push_all(
    name = "all",
    loads = [":broken_load", ":load"],
    pushes = [":push"],
)
BUILD

names=(localhost/several/again:v1 localhost/several/one:latest localhost/several/two:latest)

# engine_name NAME: its text.
text_of() { case $1 in *two*) echo two ;; *) echo one ;; esac }

docker_forget() { docker rmi --force "$@"; }
podman_forget() { podman rmi --force "$@"; }
containerd_forget() { ctr images rm --sync "$@"; }

# prints ENGINE NAME...: containers of all these images print their texts.
prints() {
  local name
  for name in "${@:2}"; do
    equal "output of $name" "$(text_of "$name")" "$("$1_run" "$name")"
  done
}

# once TAR BLOBS: the archive has this many blobs, each once.
once() {
  local twice
  twice=$(tar tf "$1" | sort | uniq -d)
  equal "entries that occur twice" "" "$twice"
  equal "blobs" "$2" "$(tar tf "$1" | grep -c '^blobs/sha256/.')"
}

# The shared layer, a layer, a config and a manifest for each image. Skopeo finds each image by its name.
archive_has_all() {
  local archive name
  archive=$(build //several:archive)
  once "$archive" 7
  judged 0 --archive="$archive"
  for name in localhost/several/one:latest localhost/several/two:latest v1; do
    equal "digest of $name" "$(digest_of "//several:$(text_of "$name")_amd64")" \
      "$(skopeo inspect "oci-archive:$archive:$name" | jq -r .Digest)"
  done
  for name in "${names[@]}"; do
    skopeo inspect "docker-archive:$archive:$name"
  done
}

layout_has_all() {
  local layout name
  layout=$(build //several:with_index oci_layout)
  judged 0 --layout="$layout"
  image-schema "$layout"
  equal "names" "index:v2 one:latest two:latest v1" \
    "$(jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"]' "$layout/index.json" | sed 's,localhost/several/,,; s/^v2$/index:v2/' | sort | paste -sd ' ')"
  for name in localhost/several/one:latest localhost/several/two:latest v1 v2; do
    skopeo inspect --raw "oci:$layout:$name"
  done
}

# from_archive ENGINE TARGET NAME...
from_archive() {
  local archive
  archive=$(build "//several:$2")
  case $1 in
    containerd) ctr images import "$archive" ;;
    *) "$1" load --input "$archive" ;;
  esac
  prints "$1" "${names[@]}" "${@:3}"
  "$1_forget" "${names[@]}" "${@:3}"
}

loaded() {
  bazel run //several:load -- --engine="$1" >"$WORK/out" 2>"$WORK/err" || fail "$(cat "$WORK/err")"
  printf '%s\n' "${names[@]}" >"$WORK/want"
  diff "$WORK/want" "$WORK/out"
  equal "images sent" 2 "$(grep -c "$1 has . of 2 layers" "$WORK/err")"
  contains "$WORK/err" "$1 has 0 of 2 layers" "$1 has 1 of 2 layers" # the second one finds the shared layer
  prints "$1" "${names[@]}"
  "$1_forget" "${names[@]}"
}

# stamped COMMAND ARGS...: Bazel with a workspace status.
stamped() { bazel "$1" --workspace_status_command="$PWD/several/status.sh" "${@:2}"; }

variables() {
  local archive want
  want="localhost/several/named:fastbuild-1.2 localhost/several/file:1.2"
  stamped run //several:named -- --engine=docker >"$WORK/out"
  equal "names of the load" "$want" "$(paste -sd ' ' "$WORK/out")"
  stamped build //several:named_archive
  archive=$(output //several:named_archive)
  equal "names in the archive" "$want" \
    "$(tar xOf "$archive" manifest.json | jq -r '.[0].RepoTags | join(" ")')"
  printf '#!/bin/sh\necho STABLE_VERSION 1.3\n' >several/status.sh
  stamped build //several:named_archive
  equal "names in the next archive" "${want//1.2/1.3}" \
    "$(tar xOf "$archive" manifest.json | jq -r '.[0].RepoTags | join(" ")')"
  printf '#!/bin/sh\necho STABLE_VERSION 1.2\necho STABLE_REGISTRY %s\necho VOLATILE_BUILD 7\n' \
    "$(cat "$RUN/near.address")" >several/status.sh
}

# A container starts after the load, with standard input, arguments, flags and exit code.
runs() {
  local status=0 flags=(--run-flag=--network=none) read=cat
  case $1 in
    podman)
      flags+=(--run-flag=--runtime=runc --run-flag=--ulimit=nofile=1024:1024 --run-flag=--ulimit=nproc=4096:4096)
      ;;
    containerd)
      flags=()
      # shellcheck disable=SC2016
      read='read -r line; echo "$line"' # ctr 1.6 passes standard input, but not its end
      ;;
  esac
  stamped run //several:run -- --engine="$1" --run "${flags[@]}" >"$WORK/out" 2>"$WORK/err" || fail "$(cat "$WORK/err")"
  equal "standard output" one "$(cat "$WORK/out")"
  echo input | bazel-bin/several/run --engine="$1" --run "${flags[@]}" /bin/sh -c "$read; echo \$0; exit 3" name \
    >"$WORK/out" || status=$?
  equal "exit code" 3 "$status"
  equal "standard output" "input name" "$(paste -sd ' ' "$WORK/out")"
  script --quiet --return --command \
    "bazel-bin/several/run --engine=$1 --run ${flags[*]} /bin/sh -c '[ -t 0 ] && [ -t 1 ] && echo a terminal'" "$WORK/typescript"
  contains "$WORK/typescript" "a terminal"
  case $1 in
    containerd) equal "containers left" "" "$(ctr containers ls --quiet | paste -sd ' ')" ;;
    *) equal "containers left" "" "$("$1" ps --all --quiet | paste -sd ' ')" ;;
  esac
}

# One load fails, the push and the other load do not.
together() {
  local status=0 registry
  registry=$(cat "$RUN/near.address")
  stamped run //several:all -- --output="$WORK/all.json" >"$WORK/out" 2>"$WORK/err" || status=$?
  equal "exit code" 1 "$status"
  contains "$WORK/err" "load: //several:broken_load: --name \"localhost/several/broken:{{STABLE_UNDEFINED}}\":"
  contains "$WORK/out" "$registry/several:7@$(digest_of //several:index)" "${names[@]}"
  prints docker "${names[@]}"
  equal "pushed digest" "$(digest_of //several:index)" \
    "$(skopeo inspect --raw --tls-verify=false "docker://$registry/several:7" | sha256sum | sed 's/^/sha256:/; s/ .*//')"
  equal "names in the report" "${names[*]}" "$(jq -r '.loads[1].names | join(" ")' "$WORK/all.json")"
}

check "a Docker daemon starts" docker_start
check "containerd starts" containerd_start
check "a registry starts" registry_start near
check "an archive has each blob once, and skopeo finds each image" archive_has_all
check "a layout has a name for each image" layout_has_all
for engine in docker podman containerd; do
  check "$engine: an archive of several images" from_archive "$engine" archive
  check "$engine: an archive with an index among the images" from_archive "$engine" with_index localhost/several/index:v2
  check "$engine: several images are loaded" loaded "$engine"
done
check "names with variables, and from a file" variables
for engine in docker podman containerd; do
  check "$engine: a container runs after the load" runs "$engine"
done
check "pushes and loads in one command" together
rm -rf several

# shellcheck shell=bash
# The example's index to a registry that requires a password, and again; then names from the workspace status.

user=strata
password='pa55: word/+%'

# log_in DIR: the config directory DIR, as `docker login` leaves it.
log_in() {
  docker --config "$1" login --username "$user" --password-stdin "$(cat "$RUN/locked.address")" <<<"$password"
  [ -s "$1/config.json" ]
}

registry_locked() {
  htpasswd -nbB "$user" "$password" >"$WORK/htpasswd"
  registry_start locked "$WORK/htpasswd"
}

# push NAME: the index as NAME:latest; all output goes to $WORK/NAME.out.
push() {
  DOCKER_CONFIG=$WORK/login bazel run //:push -- --insecure \
    --repository="$(cat "$RUN/locked.address")/$1" >"$WORK/$1.out" 2>&1 ||
    fail "push: $(cat "$WORK/$1.out")"
}

first() {
  local name image digest
  name=docker://$(cat "$RUN/locked.address")/hello
  digest=$(digest_of //:index)
  push hello
  contains "$WORK/hello.out" "$digest"
  skopeo inspect --raw --tls-verify=false --creds "$user:$password" "$name:latest" >"$WORK/index.json"
  equal "digest at the registry" "$digest" "sha256:$(sha256sum <"$WORK/index.json" | cut -d ' ' -f 1)"
  # Complete, for every platform: each of its blobs exists and matches its digest.
  skopeo copy --all --src-tls-verify=false --src-creds "$user:$password" "$name:latest" "dir:$WORK/all"
  for image in $(jq -r '.manifests[].digest' "$WORK/index.json"); do
    skopeo inspect --tls-verify=false --creds "$user:$password" "$name@$image"
  done
  note "first push: $(requests locked POST /blobs/) uploads begun, $(requests locked PUT /manifests/) manifests put"
}

# No upload starts; a manifest may be put again, because that is how a tag is set.
second() {
  local before
  before=$(requests locked 'POST|PATCH|PUT' /blobs/)
  push hello
  equal "requests for uploads" "$before" "$(requests locked 'POST|PATCH|PUT' /blobs/)"
}

keeps_secret() {
  push elsewhere
  lacks "$WORK/hello.out" "$password" "$(printf %s "$user:$password" | base64)"
  lacks "$WORK/elsewhere.out" "$password" "$(printf %s "$user:$password" | base64)"
}

# Paths from the user are relative to the user's directory, not to the one in which Bazel starts the program.
relative() {
  local digest here
  digest=$(digest_of //:index)
  here=$(realpath --relative-to="$PWD/www" "$WORK")
  cd www
  DOCKER_CONFIG=$here/login bazel run //:push -- --insecure --output="$here/relative.json" \
    --repository="$(cat "$RUN/locked.address")/relative"
  equal "digest in the report" "$digest" "$(jq -r '.pushes[].digest' "$WORK/relative.json")"
}

# A package whose names come from files and from the workspace status, and a program that prints them.
names() {
  mkdir -p "$E2E/walkthrough/names"
  cd "$E2E/walkthrough/names"
  head --bytes 300000 /dev/urandom >data.bin
  echo '{{STABLE_REGISTRY}}/team/file' >repository.txt
  printf 'stable\nfrom-file-{{BUILD_NUMBER}}\n' >tags.txt
  cat >BUILD.bazel <<'BUILD'
load("@bazel_skylib//rules:common_settings.bzl", "string_flag")
load("@rules_strata//rules:defs.bzl", "image", "image_index", "image_layer", "image_push", "image_push_all")

image_layer(
    name = "layer",
    files = {"/data": "data.bin"},
)

image(
    name = "image",
    layers = [":layer"],
)

[
    image(
        name = architecture,
        architecture = architecture,
        layers = [":layer"],
        os = "linux",
    )
    for architecture in ["amd64", "arm64"]
]

image_index(
    name = "index",
    images = [":amd64", ":arm64"],
)

image_push(
    name = "push",
    image = ":image",
    remote_tags = ["v{{BUILD_NUMBER}}"],
    repository = "{{STABLE_REGISTRY}}/team/app",
)

image_push(
    name = "from_files",
    image = ":image",
    repository_file = "repository.txt",
    tag_file = "tags.txt",
)

image_push_all(
    name = "all",
    pushes = [":push", ":from_files"],
)

# The repository is only known to those who push.
image_push(
    name = "anywhere",
    image = ":index",
    remote_tags = ["{{SHORT_DIGEST}}", "$(RELEASE)-{{PLATFORM}}", "{{STABLE_COMMIT|dev}}"],
    tag_file = ":channel",
    toolchains = [":release"],
)

string_flag(
    name = "release",
    build_setting_default = "v1",
    make_variable = "RELEASE",
)

string_flag(
    name = "channel",
    build_setting_default = "",
)

# A replacement for a deployment rule.
filegroup(
    name = "reference",
    srcs = [":push"],
    output_group = "reference",
)
BUILD
  cat >status.sh <<STATUS
#!/bin/sh
echo STABLE_REGISTRY $(cat "$RUN/open.address")
echo BUILD_NUMBER \$(cat $WORK/number)
STATUS
  chmod +x status.sh
}

# stamped NUMBER COMMAND ARGS...: Bazel in that workspace, with the BUILD_NUMBER NUMBER.
stamped() {
  cd "$E2E/walkthrough"
  echo "$1" >"$WORK/number"
  bazel "$2" --workspace_status_command="$PWD/names/status.sh" "${@:3}"
}

# tags REPOSITORY: its tags, sorted, separated by blanks.
tags() { skopeo list-tags --tls-verify=false "docker://$(cat "$RUN/open.address")/$1" | jq -r '.Tags | sort | join(" ")'; }

volatile() {
  stamped 1 run //names:push
  equal "tags" v1 "$(tags team/app)"
  # Nothing is built for the second, which has the new number anyway.
  stamped 2 run //names:push
  equal "tags" "v1 v2" "$(tags team/app)"
  stamped 3 run //names:from_files -- --tag=extra
  equal "tags" "extra from-file-3 stable" "$(tags team/file)"
}

references() {
  local reference digest
  stamped 4 build //names:reference //names:image --output_groups=+digest
  reference=$(cat bazel-bin/names/push.reference)
  digest=$(cat bazel-bin/names/image.digest)
  equal "reference" "$(cat "$RUN/open.address")/team/app@$digest" "$reference"
  skopeo inspect --tls-verify=false "docker://$reference"
  # Another registry gets a different one.
  sed -i 's/^echo STABLE_REGISTRY .*/echo STABLE_REGISTRY registry.example.com/' names/status.sh
  stamped 5 build //names:reference
  equal "reference" "registry.example.com/team/app@$digest" "$(cat bazel-bin/names/push.reference)"
}

at_once() {
  names
  stamped 6 run //names:all -- --output="$WORK/all.json" --json >"$WORK/all.out"
  cmp "$WORK/all.json" "$WORK/all.out"
  equal "references" "$(printf '%s\n' team/app:v6 team/app team/file:stable team/file:from-file-6 team/file)" \
    "$(jq -r '.pushes[].references[]' "$WORK/all.json" | sed -e 's,^[^/]*/,,' -e 's,@sha256:.*,,')"
  for tag in app:v6 file:stable file:from-file-6; do
    skopeo inspect --tls-verify=false "docker://$(cat "$RUN/open.address")/team/$tag"
  done
}

# Tags from the digest, for each platform and from build settings, and a repository from the command line.
anywhere() {
  local digest name image
  name=$(cat "$RUN/open.address")/me/hello
  if stamped 7 run //names:anywhere 2>"$WORK/err"; then fail "a push without a repository"; fi
  contains "$WORK/err" "push: //names:anywhere: --repository is missing" "hint: set repository in the BUILD file, or state it"
  stamped 7 run --//names:release=v2 --//names:channel=beta //names:anywhere -- --repository="$name" --tag=mine
  digest=$(skopeo inspect --raw --tls-verify=false "docker://$name:beta" | sha256sum | cut -c 1-64)
  equal "tags" "$(printf '%s\n' "${digest:0:12}" beta dev mine v2-linux-amd64 v2-linux-arm64 | LC_ALL=C sort | paste -sd ' ')" \
    "$(tags me/hello)"
  for image in amd64 arm64; do
    equal "digest of the tag for $image" \
      "$(skopeo inspect --raw --tls-verify=false "docker://$name:beta" |
        jq -r ".manifests[] | select(.platform.architecture == \"$image\").digest")" \
      "sha256:$(skopeo inspect --raw --tls-verify=false "docker://$name:v2-linux-$image" | sha256sum | cut -c 1-64)"
  done
}

cd "$RULES/examples/hello"
check "a Docker daemon starts" docker_start
check "a registry with passwords starts" registry_locked
check "docker login" log_in "$WORK/login"
check "an index is pushed completely, with its digest" first
check "a second push uploads nothing" second
check "no password in the output of push" keeps_secret
check "relative paths in a variable and in a flag" relative
check "an open registry starts" registry_start open
check "a package with names in many scripts" names
check "tags with a volatile variable are expanded at run time" volatile
check "the reference by digest is built" references
check "several pushes with one command, and JSON" at_once
check "a push whose repository is only on the command line" anywhere
rm -r "$E2E/walkthrough/names"

# shellcheck shell=bash
# The example's index to a registry that asks for a password, and again.

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

# push NAME: the index as NAME:latest; all that is said goes to $WORK/NAME.out.
push() {
  DOCKER_CONFIG=$WORK/login bazel run //examples/hello:push -- --insecure \
    --repository="$(cat "$RUN/locked.address")/$1" >"$WORK/$1.out" 2>&1 ||
    fail "push: $(cat "$WORK/$1.out")"
}

first() {
  local name image digest
  name=docker://$(cat "$RUN/locked.address")/hello
  digest=$(digest_of //examples/hello:index)
  push hello
  contains "$WORK/hello.out" "$digest"
  skopeo inspect --raw --tls-verify=false --creds "$user:$password" "$name:latest" >"$WORK/index.json"
  equal "digest at the registry" "$digest" "sha256:$(sha256sum <"$WORK/index.json" | cut -d ' ' -f 1)"
  # Whole, for every platform: each blob of it is there and is what its name says.
  skopeo copy --all --src-tls-verify=false --src-creds "$user:$password" "$name:latest" "dir:$WORK/all"
  for image in $(jq -r '.manifests[].digest' "$WORK/index.json"); do
    skopeo inspect --tls-verify=false --creds "$user:$password" "$name@$image"
  done
  note "first push: $(requests locked POST /blobs/) uploads begun, $(requests locked PUT /manifests/) manifests put"
}

# No upload is even begun; a manifest may be put again, which is how a tag is set.
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

cd "$TOP"
check "a Docker daemon starts" docker_start
check "a registry with passwords starts" registry_locked
check "docker login" log_in "$WORK/login"
check "an index is pushed whole, with its digest" first
check "a second push uploads nothing" second
check "no password in what push says" keeps_secret

# shellcheck shell=bash
# Pushes to real registries: two programs, with and without TLS and passwords; from one registry to another; to one that
# certs.d configures; through a fault-injecting proxy; and killed at any time.

user=strata
password='pa55: word/+%'
kills=50

provide() {
  # The newest registry that this project was tried with, because Debian's is 2.8; and crane.
  GOBIN=$RUN/bin go -C "$E2E/tools" install tool
  tools_build "$RUN/bin"
  htpasswd -nbB "$user" "$password" >"$WORK/htpasswd"
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=registry -addext subjectAltName=IP:127.0.0.1 \
    -keyout "$WORK/key.pem" -out "$WORK/cert.pem"
}

images() {
  local i
  for i in 1 2 3 4 5 6; do layer_make "$WORK" "layer$i" $((i * i * 300000 + 17)) gzip; done
  image_make "$WORK" one layer1 layer2 layer3 layer4 layer5 layer6
  image_make "$WORK" two layer1 layer2 layer3
}

# log_in ADDRESS: credentials for all programs, as `docker login` stores them.
log_in() {
  local auth
  auth=$(printf %s "$user:$password" | base64 --wrap=0)
  jq -n --arg host "$1" --arg auth "$auth" '{auths: {($host): {auth: $auth}}}' >"$WORK/config.json"
}

# pushed OUT ARGS...: push succeeds; all output goes to $WORK/OUT.
pushed() {
  DOCKER_CONFIG=$WORK push "${@:2}" >"$WORK/$1" 2>&1 || fail "push: $(cat "$WORK/$1")"
  lacks "$WORK/$1" "$password"
}

# holds ADDRESS/REPOSITORY NAME: three other programs find the complete image NAME there.
holds() {
  local digest
  digest=$(cat "$WORK/$2.digest")
  rm -rf "$WORK/copy"
  skopeo copy --src-tls-verify=false --authfile "$WORK/config.json" "docker://$1:latest" "dir:$WORK/copy"
  equal "digest by skopeo" "$digest" "sha256:$(sha256sum <"$WORK/copy/manifest.json" | cut -d ' ' -f 1)"
  equal "digest by crane" "$digest" "$(DOCKER_CONFIG=$WORK crane digest --insecure "$1:latest")"
  DOCKER_CONFIG=$WORK crane validate --insecure --remote "$1:latest"
  podman pull --tls-verify=false --authfile "$WORK/config.json" "$1:latest"
  equal "digest by podman" "$digest" "$(podman image inspect --format '{{.Digest}}' "$1:latest")"
  podman rmi "$1:latest"
}

# The life cycle of an image in the registry NAME: pushed, pushed again, changed, mounted.
serves() {
  local address before
  address=$(cat "$RUN/$1.address")
  log_in "$address"
  pushed first "@$WORK/one.args" --repository="$address/team/one" --tag=latest
  holds "$address/team/one" one
  before=$(requests "$1" 'GET|HEAD|POST|PATCH|PUT')
  pushed second "@$WORK/one.args" --repository="$address/team/one" --tag=latest
  # Some of these test for TLS and ask for the password.
  note "unchanged: $(($(requests "$1" 'GET|HEAD|POST|PATCH|PUT') - before)) requests"
  [ $(($(requests "$1" 'GET|HEAD|POST|PATCH|PUT') - before)) -le 3 ] || fail "too many requests for nothing"
  printf -- '--repository=%s\n--tag=latest\n' "$address/team/three" | cat "$WORK/one.args" - >"$WORK/three.push"
  printf -- '--repository=%s\n--tag=latest\n' "$address/team/four" | cat "$WORK/two.args" - >"$WORK/four.push"
  before=$(requests "$1" PUT /blobs/)
  pushed several --push="$WORK/three.push" --push="$WORK/four.push" --json
  holds "$address/team/three" one
  holds "$address/team/four" two
  # Six layers and two configs once; the blobs that both have are mounted the second time.
  equal "uploads" 8 "$(($(requests "$1" PUT /blobs/) - before))"
  equal "blobs mounted" 3 "$(grep -c 'mounted from' "$WORK/several")"
}

# A layer that only a registry has goes to another repository of that registry (mounted), and to another registry (copied).
copies() {
  local plain other
  plain=$(cat "$RUN/plain2.address") other=$(cat "$RUN/plain3.address")
  jq -c --arg from "$plain/team/one" '.sources = [$from]' "$WORK/layer6.json" >"$WORK/far.json"
  sed "s,^--layer=.*layer6.*,--remote-layer=$WORK/far.json," "$WORK/one.args" >"$WORK/far.args"
  log_in "$plain"
  pushed mount "@$WORK/far.args" --repository="$plain/team/far" --tag=latest
  contains "$WORK/mount" "mounted from $plain/team/one"
  holds "$plain/team/far" one
  pushed copied "@$WORK/far.args" --repository="$other/other/far" --tag=latest
  holds "$other/other/far" one
}

# A registry with a private certificate authority that requires client certificates. Its name is registry.test.
known_start() {
  local name
  mkdir "$WORK/known" "$WORK/home"
  for name in ca other; do
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$name" -keyout "$WORK/$name.key" -out "$WORK/$name.crt"
  done
  openssl req -x509 -CA "$WORK/ca.crt" -CAkey "$WORK/ca.key" -newkey rsa:2048 -nodes -days 2 -subj /CN=server \
    -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=DNS:registry.test \
    -keyout "$WORK/known/key.pem" -out "$WORK/known/cert.pem"
  openssl req -x509 -CA "$WORK/ca.crt" -CAkey "$WORK/ca.key" -newkey rsa:2048 -nodes -days 2 -subj /CN=client \
    -addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=clientAuth \
    -keyout "$WORK/client.key" -out "$WORK/client.cert"
  cp "$WORK/ca.crt" "$WORK/known/clients.pem"
  registry_start known '' "$WORK/known" registry
  sed 's/.*:/registry.test:/' "$RUN/known.address" >"$WORK/known.name"
  { cat /etc/hosts && echo 127.0.0.1 registry.test; } >"$WORK/hosts"
  CGO_ENABLED=0 go build -C "$TOP" -o "$RUN/bin/" ./tools/lock
}

# certs PLACE FILE...: the files of the registry's directory in the home, in containers or in docker (below /etc).
certs() {
  local dir file
  case $1 in
    home) dir=$WORK/home/.config/containers ;;
    *) dir=$WORK/etc/$1 ;;
  esac
  dir=$dir/certs.d/$(cat "$WORK/known.name")
  mkdir -p "$dir"
  for file in "${@:2}"; do
    case $file in
      dangling) ln -s nowhere "$dir/subscriber.crt" ;;
      *) cp "$WORK/$file" "$dir/" ;;
    esac
  done
}

# at_home COMMAND...: runs with the directories of certs as the user's and the system's.
at_home() {
  # shellcheck disable=SC2016
  env -u XDG_CONFIG_HOME HOME="$WORK/home" DOCKER_CONFIG="$WORK" unshare --mount bash -euc '
    mount --bind "$1/hosts" /etc/hosts
    mount --bind "$1/etc/containers" /etc/containers
    mount --bind "$1/etc/docker" /etc/docker
    exec "${@:2}"' at_home "$WORK" "$@"
}

# tried WANT SAYS COMMAND...: a command succeeds (WANT is yes), or fails (no) with a message that contains SAYS.
tried() {
  local got=yes
  at_home "${@:3}" >"$WORK/tried" 2>&1 || got=no
  [ "$got" = "$1" ] || fail "$3: want $1, got $got: $(cat "$WORK/tried")"
  [ "$got" = yes ] || [ -z "$2" ] || contains "$WORK/tried" "$2"
}

# known WANT SAYS [PLACE FILE...]...: tries push, lock and skopeo alike with such certificates; "--" separates places.
known() {
  local want=$1 message=$2 registry name place=()
  registry=$(cat "$WORK/known.name")
  shift 2
  rm -rf "${WORK:?}/home" "${WORK:?}/etc" "$WORK/images.lock.json"
  mkdir -p "$WORK/home" "$WORK/etc/docker" /etc/docker
  cp -R /etc/containers "$WORK/etc/containers"
  for name in "$@" --; do
    if [ "$name" != -- ]; then
      place+=("$name")
    else
      certs "${place[@]}"
      place=()
    fi
  done
  tried "$want" "$message" push "@$WORK/two.args" --repository="$registry/team/known" --tag=latest
  tried "$want" "$message" lock add known "$registry/team/known:latest" --lock="$WORK/images.lock.json"
  tried "$want" "" skopeo inspect "docker://$registry/team/known:latest"
}

# proxy_start NAME BACKEND RATE SEED: our proxy before a registry; its address is in $RUN/NAME.address.
proxy_start() {
  rm -f "$RUN/$1.addresses"
  daemon "$1" faultproxy --backend="$2" --addresses="$RUN/$1.addresses" --rate="$3" --seed="$4" \
    --user="$user:$password" --report="$WORK/$1.report"
  await 10 test -s "$RUN/$1.addresses"
  head -n 1 "$RUN/$1.addresses" >"$RUN/$1.address"
}

# A run that reports success has succeeded, and no other leaves a tag on an incomplete image. Whenever one succeeds, the
# next starts with an empty repository.
killed() {
  local i pid address backend status repository=0 broken=0
  backend=$(cat "$RUN/locked3.address")
  for ((i = 1; broken < kills; i++)); do
    proxy_start "faults$i" "$backend" 25 "$i"
    address=$(cat "$RUN/faults$i.address")
    log_in "$address"
    DOCKER_CONFIG=$WORK push "@$WORK/one.args" --repository="$address/killed/$repository" --tag=latest \
      >"$WORK/killed.$i" 2>&1 &
    pid=$!
    sleep "$((RANDOM % 2)).$((RANDOM % 10))$((RANDOM % 10))"
    kill -KILL "$pid" 2>>"$WORK/kill.log" || true
    status=0
    wait "$pid" || status=$?
    daemon_stop "faults$i"
    lacks "$WORK/killed.$i" "$password"
    contains "$WORK/faults$i.report" "secrets 0"
    log_in "$backend"
    # This run may also have set a tag just before it was killed.
    if [ "$status" = 0 ] || DOCKER_CONFIG=$WORK crane digest --insecure "$backend/killed/$repository:latest"; then
      DOCKER_CONFIG=$WORK crane validate --insecure --remote "$backend/killed/$repository:latest"
    fi
    if [ "$status" = 0 ]; then repository=$((repository + 1)); else broken=$((broken + 1)); fi
  done
  echo "$repository" >"$WORK/repositories"
  note "$broken runs broke off, $repository came to their end"
  note "faults: $(cat "$WORK"/faults*.report | awk '{n[$1] += $2} END {for (f in n) printf "%s %d, ", f, n[f]}')"
}

# The remaining uploads are completed, and give exactly the image; so do the runs that succeeded.
completed() {
  local i address want
  address=$(cat "$RUN/locked3.address")
  log_in "$address"
  want=$(sort "$WORK/blobs.want")
  pushed final "@$WORK/one.args" --repository="$address/killed/$(cat "$WORK/repositories")" --tag=latest
  for ((i = 0; i <= $(cat "$WORK/repositories"); i++)); do
    holds "$address/killed/$i" one
    equal "blobs of killed/$i" "$want" "$(find "$RUN/locked3.registry/docker/registry/v2/repositories/killed/$i/_layers/sha256" \
      -mindepth 1 -maxdepth 1 -printf '%f\n' | sort)"
    equal "tags" latest "$(DOCKER_CONFIG=$WORK crane ls --insecure "$address/killed/$i")"
  done
}

cd "$WORK"
check "registries, certificates, tools" provide
check "two images" images
for file in "$WORK"/layer?.json "$WORK/one.config.json"; do
  jq -r '.digest[7:]' "$file"
done >"$WORK/blobs.want"
for version in 2 3; do
  program=$([ "$version" = 2 ] && echo docker-registry || echo registry)
  check "registry $version" registry_start "plain$version" '' '' "$program"
  check "registry $version with a password" registry_start "locked$version" "$WORK/htpasswd" '' "$program"
  check "registry $version with TLS" registry_start "tls$version" '' "$WORK" "$program"
  check "registry $version with TLS and a password" registry_start "safe$version" "$WORK/htpasswd" "$WORK" "$program"
  for kind in plain locked tls safe; do
    check "push, again, several at once: $kind$version" serves "$kind$version"
  done
done
check "layers are copied from registry to registry" copies
check "a registry with an authority in certs.d that requires client certificates" known_start
all=(ca.crt client.cert client.key)
stranger=(other.crt client.cert client.key)
unknown="certificate signed by unknown authority"
check "certs.d of the home" known yes '' home "${all[@]}"
check "certs.d of /etc/containers" known yes '' containers "${all[@]}"
check "certs.d of /etc/docker" known yes '' docker "${all[@]}"
check "certs.d of the home directory takes precedence" known yes '' home "${all[@]}" -- \
  containers "${stranger[@]}" -- docker "${stranger[@]}"
check "and each alone" known no "$unknown" home "${stranger[@]}" -- containers "${all[@]}" -- docker "${all[@]}"
check "certs.d of /etc/containers takes precedence over Docker's" known no "$unknown" containers "${stranger[@]}" -- docker "${all[@]}"
check "an authority that is a dangling link" known yes '' containers "${all[@]}" dangling
check "no authority" known no "$unknown" home client.cert client.key
check "no client certificate" known no "registry.test" home ca.crt
check "a client certificate without its key" known no "has no matching client.key" home ca.crt client.cert
check "a client's key without its certificate" known no "has no matching client.cert" home ca.crt client.key
check "killed $kills times, behind a proxy with faults" killed
check "and completed" completed
packages time
check "the benchmark of pushes works" "$TOP/dev/bench/push" 1000000

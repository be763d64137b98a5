# shellcheck shell=bash
# A push that takes its layers from the build's remote cache, without any layer on this disk.
#
# The cache is ../cache, which Bazel uses as a real one over gRPC, and nginx over HTTP; both use the same directory.
# Layers contain random bytes, so no other cache can have them.

packages nginx openssl
cd "$E2E/walkthrough"
instance=main/1 # the value of --remote_instance_name
secret=open-sesame-4711

# based BASE COMMAND ARGS...: Bazel with the output base BASE. Its server soon stops after an interrupted run.
based() { "$TOP/bazelw" --output_base="$WORK/$1" --max_idle_secs=300 "${@:2}" 3>&-; }

# lazily BASE COMMAND ARGS...: the same, with plain output and only the caches that ARGS name.
lazily() {
  echo "$1" >>"$WORK/bases"
  based "$1" "$2" --color=no --curses=no --noshow_progress --disk_cache= "${@:3}"
}

# finish_bases: stops their servers, and frees the disk space.
finish_bases() {
  local base
  sort -u "$WORK/bases" | while read -r base; do
    based "$base" shutdown >"$WORK/shutdown.log" 2>&1
    chmod -R u+w "$WORK/$base"
    rm -rf "${WORK:?}/$base"
  done
}

package() {
  mkdir -p lazy
  head -c 20000000 /dev/urandom >lazy/large.bin
  head -c 1000 /dev/urandom >lazy/small.bin
  cat >lazy/BUILD.bazel <<'BUILD'
load("@rules_strata//rules:defs.bzl", "image", "image_layer", "image_push")

[
    image_layer(
        name = name,
        files = {"/data/": name + ".bin"},
    )
    for name in ["large", "small"]
]

image(
    name = "image",
    layers = [":large", ":small"],
)

image_push(
    name = "push",
    image = ":image",
    remote_tags = ["latest"],
    repository = "registry.invalid/team/app",
)
BUILD
}

# cache_start NAME ARGS...: the cache's server with ARGS, its address in $WORK/NAME.address.
cache_start() {
  daemon "$1" "$WORK/cache" --dir="$WORK/store" "${@:2}"
  await 20 grep . "$RUN/$1.log"
  head -n 1 "$RUN/$1.log" >"$WORK/$1.address"
}

servers() {
  go build -C "$E2E/cache" -o "$WORK/cache" .
  mkdir "$WORK/store"
  cache_start grpc
  registry_start lazy
}

# fill: the build that fills the cache, as if on another machine.
fill() {
  local cache
  cache=grpc://$(cat "$WORK/grpc.address")
  lazily filler build --remote_cache="$cache" --remote_instance_name="$instance" \
    --@rules_strata//rules:remote_cache="$cache?instance=$instance" //lazy:push
  cp bazel-bin/lazy/image.digest "$WORK/digest"
  jq -r .digest bazel-bin/lazy/{large,small}.layer.json | cut -d : -f 2 >"$WORK/layers"
  while read -r hex; do
    [ -e "$WORK/store/$instance/cas/$hex" ] || fail "no layer $hex in the cache"
  done <"$WORK/layers"
}

# push_lazily BASE CACHE NAME ARGS...: builds and pushes NAME from the cache CACHE, with ARGS for the push.
push_lazily() {
  lazily "$1" run --remote_cache="$2" --remote_instance_name="$instance" --remote_download_minimal \
    --@rules_strata//rules:remote_cache="$2?instance=$instance" //lazy:push -- \
    --repository="$(cat "$RUN/lazy.address")/$3" "${@:4}" >"$WORK/$3.out" 2>&1
}

# pushed NAME: the registry has the complete image NAME:latest, with the digest of the build.
pushed() {
  local name
  name=docker://$(cat "$RUN/lazy.address")/$1:latest
  skopeo inspect --raw --tls-verify=false "$name" >"$WORK/$1.json"
  equal "digest at the registry" "$(cat "$WORK/digest")" "sha256:$(sha256sum <"$WORK/$1.json" | cut -d ' ' -f 1)"
  skopeo copy --src-tls-verify=false "$name" "dir:$WORK/$1.dir"
  while read -r hex; do
    equal "layer" "$hex" "$(sha256sum <"$WORK/$1.dir/$hex" | cut -d ' ' -f 1)"
  done <"$WORK/layers"
}

# reads NAME: how often a layer was requested from the server NAME, with the offset and the outcome of each request.
reads() {
  grep '^read ' "$RUN/$1.log" | grep -F -f "$WORK/layers" | cut -d ' ' -f 4,5 | sort | uniq -c | sed 's/^ *//' || true
}

# no_layer BASE: no file below Bazel's output base has the size of the large layer, or the name of a layer.
no_layer() {
  local size found
  size=$(stat -c %s "$WORK/store/$instance/cas/$(head -n 1 "$WORK/layers")")
  found=$(find "$WORK/$1" \( -size "${size}c" -o -path '*/lazy/*.tar.gz' \) -print)
  equal "layers on this disk" "" "$found"
  [ -e "$(readlink -f bazel-bin)/lazy/push" ] || fail "no push program below $(readlink -f bazel-bin)"
}

# no_action NAME: the build before the push of NAME found all actions in the cache: none depends on the cache's address.
no_action() {
  grep -E ' processes: [0-9]+ remote cache hit, [0-9]+ internal\.$' "$WORK/$1.out" || fail "$(cat "$WORK/$1.out")"
}

from_grpc() {
  local started=$EPOCHREALTIME
  push_lazily clean "grpc://$(cat "$WORK/grpc.address")" grpc || fail "$(cat "$WORK/grpc.out")"
  note "clone to registry in $(((${EPOCHREALTIME/./} - ${started/./}) / 1000)) ms, of a build that is all in the cache"
  no_layer clean
  no_action grpc
  pushed grpc
  equal "reads of layers" "2 0 OK" "$(reads grpc)"
}

unchanged() {
  local before
  before=$(reads grpc)
  push_lazily clean "grpc://$(cat "$WORK/grpc.address")" grpc || fail "$(cat "$WORK/grpc.out")"
  contains "$WORK/grpc.out" "latest: already there"
  equal "reads of layers" "$before" "$(reads grpc)"
}

# A cache that breaks each stream once: the rest is requested, and no byte twice.
broken() {
  cache_start broken --break=3000000
  push_lazily clean "grpc://$(cat "$WORK/grpc.address")" broken \
    --remote-cache="grpc://$(cat "$WORK/broken.address")?instance=$instance" || fail "$(cat "$WORK/broken.out")"
  pushed broken
  equal "reads of layers" "1 0 OK
1 0 Unavailable
1 3000000 OK" "$(reads broken)"
}

certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=cache \
    -addext subjectAltName=IP:127.0.0.1 -keyout "$WORK/key.pem" -out "$WORK/certificate.pem"
  cache_start tls --certificate="$WORK/certificate.pem" --key="$WORK/key.pem" \
    --header="authorization=Bearer $secret"
}

# over_tls SERVER NAME ARGS...: a push whose layers come from a server with TLS.
over_tls() {
  SSL_CERT_FILE=$WORK/certificate.pem push_lazily clean "grpc://$(cat "$WORK/grpc.address")" "$2" \
    --remote-cache="grpcs://$(cat "$WORK/$1.address")?instance=$instance" "${@:3}"
}

credentials() {
  certificate
  if over_tls tls stranger; then fail "a stranger was let in"; fi
  contains "$WORK/stranger.out" "UNAUTHENTICATED: no entrance" "hint: pass a credential for the cache" //lazy:push
  STRATA_REMOTE_HEADER="authorization=Bearer $secret" over_tls tls header || fail "$(cat "$WORK/header.out")"
  pushed header
  cat >lazy/helper <<HELPER
#!/bin/sh
tee -a '$WORK/asked' | grep -q 'https://127.0.0.1:' || exit 1
echo '{"headers": {"Authorization": ["Bearer $secret"]}}'
HELPER
  chmod +x lazy/helper
  over_tls tls helper --remote-cache-credential-helper=%workspace%/lazy/helper || fail "$(cat "$WORK/helper.out")"
  pushed helper
  equal "requests of the helper" 1 "$(grep -o '"uri"' "$WORK/asked" | wc -l)"
  lacks "$WORK/stranger.out" "$secret"
  lacks "$WORK/header.out" "$secret"
  lacks "$WORK/helper.out" "$secret"
}

# A user in the address, which Bazel sends in another way than the push.
user() {
  cache_start user --user="strata:$secret"
  if push_lazily clean "grpc://$(cat "$WORK/grpc.address")" nobody \
    --remote-cache="grpc://$(cat "$WORK/user.address")?instance=$instance"; then fail "a stranger was let in"; fi
  contains "$WORK/nobody.out" "UNAUTHENTICATED: no entrance for this user" "hint: pass a credential for the cache"
  push_lazily clean "grpc://strata:$secret@$(cat "$WORK/user.address")" user || fail "$(cat "$WORK/user.out")"
  pushed user
  equal "reads of layers" "2 0 OK" "$(reads user)"
  lacks "$WORK/user.out" "$secret"
}

client_certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=client \
    -addext extendedKeyUsage=clientAuth -keyout "$WORK/client-key.pem" -out "$WORK/client.pem"
  cache_start mutual --certificate="$WORK/certificate.pem" --key="$WORK/key.pem" --clients="$WORK/client.pem"
  if over_tls mutual unknown; then fail "a stranger was let in"; fi
  contains "$WORK/unknown.out" "hint: if the cache requires a client certificate: --tls-client-certificate=FILE"
  over_tls mutual known --tls-client-certificate="$WORK/client.pem" --tls-client-key="$WORK/client-key.pem" ||
    fail "$(cat "$WORK/known.out")"
  pushed known
}

through_socket() {
  cache_start socket --listen="unix:$RUN/cache.socket"
  push_lazily clean "unix:$RUN/cache.socket" socket || fail "$(cat "$WORK/socket.out")"
  pushed socket
  equal "reads of layers" "2 0 OK" "$(reads socket)"
}

# http_start: nginx as a cache that requires a password.
http_start() {
  local port
  htpasswd -nbB strata "$secret" >"$WORK/htpasswd"
  port=$((20000 + RANDOM % 10000))
  cat >"$WORK/nginx.conf" <<CONFIG
user root;
daemon off;
pid $WORK/nginx.pid;
events {}
http {
  access_log $WORK/nginx.log;
  client_body_temp_path $WORK/nginx.body;
  client_max_body_size 0;
  server {
    listen 127.0.0.1:$port;
    location / {
      root $WORK/store/$instance;
      dav_methods PUT;
      create_full_put_path on;
      auth_basic cache;
      auth_basic_user_file $WORK/htpasswd;
    }
  }
}
CONFIG
  daemon nginx nginx -c "$WORK/nginx.conf" -e "$WORK/nginx.errors"
  echo "127.0.0.1:$port" >"$WORK/nginx.address"
  await 20 curl --silent --fail --user "strata:$secret" "http://127.0.0.1:$port/cas/$(head -n 1 "$WORK/layers")"
  : >"$WORK/nginx.log"
}

from_http() {
  local cache hex
  http_start
  cache=http://strata:$secret@$(cat "$WORK/nginx.address")
  lazily http run --remote_cache="$cache" --remote_download_minimal --@rules_strata//rules:remote_cache="$cache" \
    //lazy:push -- --repository="$(cat "$RUN/lazy.address")/http" >"$WORK/http.out" 2>&1 ||
    fail "$(cat "$WORK/http.out")"
  no_layer http
  no_action http
  pushed http
  while read -r hex; do
    equal "reads of $hex" 1 "$(grep -c "GET /cas/$hex .* 200 " "$WORK/nginx.log")"
  done <"$WORK/layers"
}

# A layer that is already a file needs no cache.
from_disk() {
  push_lazily filler "grpc://$(cat "$WORK/grpc.address")" disk --remote-cache=grpc://127.0.0.1:1 ||
    fail "$(cat "$WORK/disk.out")"
  pushed disk
}

evicted() {
  local hex name
  hex=$(head -n 1 "$WORK/layers")
  rm "$WORK/store/$instance/cas/$hex"
  if push_lazily clean "grpc://$(cat "$WORK/grpc.address")" evicted; then fail "a layer came from nowhere"; fi
  contains "$WORK/evicted.out" "sha256:$hex: blob not found" "hint: the cache has dropped the layer" \
    "remote cache grpc://$(cat "$WORK/grpc.address")"
  name=docker://$(cat "$RUN/lazy.address")/evicted
  if skopeo inspect --raw --tls-verify=false "$name:latest"; then fail "half an image has a tag"; fi
  # The command in the hint.
  lazily clean run --remote_cache="grpc://$(cat "$WORK/grpc.address")" --remote_instance_name="$instance" \
    --remote_download_minimal --@rules_strata//rules:remote_cache= //lazy:push -- \
    --repository="$(cat "$RUN/lazy.address")/evicted" >"$WORK/again.out" 2>&1 || fail "$(cat "$WORK/again.out")"
  pushed evicted
}

package
check "a cache and a registry start" servers
check "a build fills the cache" fill
check "gRPC: pushed from the cache, no layer on this disk" from_grpc
check "unchanged: nothing is read from the cache" unchanged
check "an interrupted stream resumes" broken
check "TLS, with a header and with a credential helper" credentials
check "a user in the address" user
check "TLS with a client certificate" client_certificate
check "gRPC through a Unix socket" through_socket
check "HTTP with a password, no layer on this disk" from_http
check "a layer that is on this disk is not fetched" from_disk
check "a layer that the cache has dropped: an error with a remedy" evicted
check "their Bazel servers stop" finish_bases
rm -rf lazy

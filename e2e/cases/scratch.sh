# shellcheck shell=bash
# Images without a distribution's base: users, certificates and a skeleton, with Debian's C library and with a static program;
# and an image whose users and certificates are extended. pwck, grpck, getent, OpenSSL and ldconfig check the files.

cd "$E2E/scratch"
debs=(ca-certificates libc6 libc-bin libssl3 openssl)

packages gcc libc6-dev

certificate() { openssl req -x509 -newkey ed25519 -nodes -days 2 "$@"; }

inputs_made() {
  local name
  rm -rf certs debs programs
  mkdir certs debs programs
  apt_get update
  for name in "${debs[@]}" base-passwd; do
    # As root, apt needs a directory that its own user may write to.
    (cd debs && apt-get -qq download -o APT::Sandbox::User=root "$name")
    mv "debs/$name"_*.deb "debs/$name.deb"
  done
  mv debs/base-passwd.deb "$WORK"
  certificate -keyout "$WORK/company.key" -out certs/company.pem -subj '/CN=Company  CA/O=Ünit' -utf8
  openssl req -newkey ed25519 -nodes -keyout "$WORK/server.key" -out "$WORK/server.csr" -subj /CN=localhost
  openssl x509 -req -in "$WORK/server.csr" -CA certs/company.pem -CAkey "$WORK/company.key" -days 1 \
    -extfile <(echo subjectAltName=DNS:localhost) -out "$WORK/server.crt"
  cat "$WORK/server.crt" "$WORK/server.key" >certs/server.pem
  echo /opt/app/lib >programs/app.conf
  for name in 2 10; do
    gcc -shared -Wl,-soname,libapp.so.1 -DVERSION="$name" -xc -o "programs/libapp.so.1.$name" - <<<'int app(void) { return VERSION; }'
  done
  gcc -xc -o programs/app - -xnone programs/libapp.so.1.2 <<<'int app(void); int main(void) { return app(); }'
  CGO_ENABLED=0 go build -C "$TOP" -o "$PWD/programs/fetch" ./e2e/scratch/fetch
}

# A base as Debian's packages set it up: base-passwd's users, all shadow files, the bundle and links of openssl rehash, and a
# home that is elsewhere.
debian_made() {
  local root=$WORK/debian certs
  dpkg-deb --extract "$WORK/base-passwd.deb" "$root"
  mkdir -p "$root"/etc/ssl/certs "$root"/{bin,tmp,var/home}
  ln -s var/home "$root/home"
  chmod 0711 "$root/var/home"
  cp /bin/busybox "$root/bin/busybox"
  ln -s busybox "$root/bin/sh"
  cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
  cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
  # As pwconv and grpconv write them.
  sed -i 's/^\([^:]*\):[^:]*:/\1:x:/' "$root/etc/passwd"
  sed -i 's/^\([^:]*\):[^:]*:/\1:x:/' "$root/etc/group"
  sed 's/:.*/:*:19000:0:99999:7:::/' "$root/etc/passwd" >"$root/etc/shadow"
  sed 's/:.*/:*::/' "$root/etc/group" >"$root/etc/gshadow"
  chmod 0640 "$root"/etc/{,g}shadow
  chown 0:42 "$root"/etc/{,g}shadow
  certs=$root/etc/ssl/certs
  certificate -keyout /dev/null -out "$certs/debian.pem" -subj '/CN=Company CA/O=ünit' -utf8
  openssl rehash "$certs"
  cat "$certs/debian.pem" >"$certs/ca-certificates.crt"
  tar --create --file "$WORK/debian.tar" --directory "$root" --numeric-owner .
  docker import "$WORK/debian.tar" localhost/debian:latest
  docker save --output debs/debian.tar localhost/debian:latest
}

# unpacked IMAGE: the root file system in $WORK/IMAGE.root, by umoci.
unpacked() {
  skopeo copy "oci:$(build "//:$1" oci_layout)" "oci:$WORK/$1.layout:latest"
  umoci unpack --image "$WORK/$1.layout:latest" "$WORK/$1.bundle"
  mv "$WORK/$1.bundle/rootfs" "$WORK/$1.root"
  image-check --lenient-layers=127 --layout="$(output "//:$1" oci_layout)"
}

loaded() {
  local archive engine
  archive=$(build "//:$1_archive")
  for engine in docker podman; do "$engine" load --input "$archive"; done
}

# accounts IMAGE: pwck and grpck find nothing wrong but homes that do not exist, as on Debian.
accounts() {
  local root=$WORK/$1.root
  mkdir -p "$root/sbin" "$root/usr/bin"
  touch "$root/sbin/nologin" "$root/usr/bin/openssl"
  chmod +x "$root/sbin/nologin" "$root/usr/bin/openssl"
  pwck -r -R "$root" >"$WORK/pwck" 2>&1 || true
  sed -E '/^user .*: (directory|program) .* does not exist$/d; /^pwck: no changes$/d' "$WORK/pwck" >"$WORK/wrong"
  equal "what pwck finds wrong" "" "$(cat "$WORK/wrong")"
  grpck -r -R "$root"
  # That they would.
  echo app:x:1000:77::/:/bin/sh >>"$root/etc/passwd"
  echo app:x:77:nobody2 >>"$root/etc/group"
  ! pwck -r -R "$root" || fail "pwck accepts anything"
  ! grpck -r -R "$root" || fail "grpck accepts anything"
}

# rehashed IMAGE: openssl rehash makes the same links.
rehashed() {
  local certs=$WORK/$1.root/etc/ssl/certs copy=$WORK/$1.certs
  mkdir "$copy"
  cp "$certs"/*.pem "$copy"
  openssl rehash "$copy"
  diff <(find "$copy" -type l -printf '%f %l\n' | sort) <(find "$certs" -type l -printf '%f %l\n' | sort)
  find "$certs" -type l | wc -l
}

# The bundle has each certificate once, and the links and Debian's script agree about the names.
bundled() {
  local root=$WORK/static.root made=$WORK/update
  mkdir -p "$made"/{etc/ssl/certs,local,hooks}
  dpkg-deb --extract debs/ca-certificates.deb "$made/deb"
  (cd "$made/deb/usr/share/ca-certificates" && find . -name '*.crt' | sed 's,^\./,,' | sort) >"$made/conf"
  "$made/deb/usr/sbin/update-ca-certificates" --certsconf "$made/conf" --certsdir "$made/deb/usr/share/ca-certificates" \
    --localcertsdir "$made/local" --etccertsdir "$made/etc/ssl/certs" --hooksdir "$made/hooks"
  diff <(find "$made/etc/ssl/certs" -name '*.pem' -printf '%f\n' | sort) \
    <(find "$root/etc/ssl/certs" -name '*.pem' ! -name company.pem -printf '%f\n' | sort)
  diff <(cat "$made/etc/ssl/certs/ca-certificates.crt" certs/company.pem | fingerprints) \
    <(fingerprints <"$root/etc/ssl/certs/ca-certificates.crt")
}

fingerprints() {
  openssl crl2pkcs7 -nocrl -certfile /dev/stdin | openssl pkcs7 -print_certs | grep -v -e '^$' -e '^subject' -e '^issuer' |
    awk '/BEGIN/ { text = "" } { text = text $0 } /END/ { print text }' | sort
}

metadata() {
  (cd "$WORK/static.root" && stat -c '%a %u:%g %n' etc/passwd etc/group home home/app root tmp var/tmp bin lib etc/os-release)
  diff - <(cd "$WORK/static.root" && stat -c '%a %u:%g %N' home home/app root tmp var/tmp bin etc/os-release) <<WANT
755 0:0 'home'
700 1000:1000 'home/app'
700 0:0 'root'
1777 0:0 'tmp'
1777 0:0 'var/tmp'
777 0:0 'bin' -> 'usr/bin'
777 0:0 'etc/os-release' -> '../usr/lib/os-release'
WANT
  # shellcheck source=/dev/null disable=SC2016 # not a variable
  equal "PRETTY_NAME" 'A $mall "base"' "$(. "$WORK/static.root/usr/lib/os-release" && echo "$PRETTY_NAME")"
}

runs_static() {
  equal "output" "trusted app 1000 1000 /home/app/written" "$("$1_run" localhost/go:latest)"
}

# runs_dynamic ENGINE: getent of Debian's libc-bin, and OpenSSL, which knows only links.
runs_dynamic() {
  diff - <("$1_run" localhost/dynamic:latest passwd app) <<<'app:x:1000:1000:The application:/home/app:/usr/bin/openssl'
  diff - <("$1_run" localhost/dynamic:latest group log) <<<'log:x:50:app'
  equal "initgroups" "app 50" "$("$1_run" localhost/dynamic:latest initgroups app | tr -s ' ' | sed 's/ $//')"
  "$1_run" localhost/dynamic:latest hosts localhost
  "$1_run" --volume "$PWD/certs:/server:ro" --user 0 --entrypoint /usr/bin/openssl localhost/dynamic:latest \
    verify -no-CAfile -no-CAstore /server/server.pem
  ! "$1_run" --volume "$PWD/certs:/server:ro" --user 0 --entrypoint /usr/bin/openssl localhost/dynamic:latest \
    verify -no-CAfile -no-CApath -no-CAstore /server/server.pem || fail "openssl verify accepts anything"
}

# ldconfig makes the same cache, and the same links.
cached() {
  local root=$WORK/dynamic.root real=$WORK/uncached.root
  ldconfig -r "$real"
  for root in "$root" "$real"; do
    ldconfig -p -C "$root/etc/ld.so.cache" | grep '=>' >"$root.cache"
    find "$root" -type l -printf '%P %l\n' | sort >"$root.links"
  done
  diff "$WORK/uncached.root.cache" "$WORK/dynamic.root.cache"
  diff "$WORK/uncached.root.links" "$WORK/dynamic.root.links"
  contains "$WORK/dynamic.root.cache" 'libapp.so.1 (libc6,x86-64) => /opt/app/lib/libapp.so.1' libssl.so.3 ld-linux-x86-64.so.2
}

# The loader finds the newest library through the cache.
runs_cached() {
  local status=0
  "$1_run" --entrypoint /usr/bin/app localhost/dynamic:latest || status=$?
  equal "version of the library" 10 "$status"
}

# The lines of the base stay, and new ones follow.
extended() {
  local root=$WORK/extended.root path
  for path in passwd group shadow gshadow ssl/certs/ca-certificates.crt; do
    diff "$WORK/debian/etc/$path" "$root/etc/$path" | sed -n 's/^[<>] //p' | grep -v -e '^[A-Za-z0-9+/=]*$' || true
  done >"$WORK/changes"
  diff - "$WORK/changes" <<WANT
app:x:1000:1001::/home/app:/sbin/nologin
adm:x:4:
adm:x:4:app
log:x:1001:app,daemon
app:*:::::::
adm:*::
adm:*::app
log:!::app,daemon
-----BEGIN CERTIFICATE-----
-----END CERTIFICATE-----
WANT
  diff - <(cd "$root" && stat -c '%a %u:%g %N' home var/home var/home/app etc/passwd etc/shadow etc/gshadow) <<WANT
777 0:0 'home' -> 'var/home'
711 0:0 'var/home'
700 1000:1001 'var/home/app'
644 0:0 'etc/passwd'
640 0:42 'etc/shadow'
640 0:42 'etc/gshadow'
WANT
}

runs_extended() {
  "$1_run" localhost/extended:latest /bin/busybox id >"$WORK/id"
  contains "$WORK/id" 'uid=1000(app) gid=1001(log)' '4(adm)'
}

# refused TARGET TEXT...: it does not build, and the texts are among the messages.
refused() {
  ! bazel build "//:$1" >"$WORK/refused" 2>&1 || fail "it is built"
  contains "$WORK/refused" "${@:2}"
}

check "packages, certificates and a program" inputs_made
check "a Docker daemon starts" docker_start
check "a base image is created" debian_made
for image in static extended uncached dynamic; do check "$image: umoci unpacks it" unpacked "$image"; done
for image in go dynamic extended; do check "$image: Docker and Podman load it" loaded "$image"; done
check "static: modes, owners and os-release" metadata
check "extended: lines of the base stay" extended
for image in static extended; do check "$image: openssl rehash makes the same links" rehashed "$image"; done
check "static: update-ca-certificates makes the same files" bundled
check "dynamic: ldconfig makes the same cache" cached
for engine in docker podman; do
  check "$engine: the loader reads the cache" runs_cached "$engine"
  check "$engine: a static program verifies TLS, as the user" runs_static "$engine"
  check "$engine: getent and openssl from Debian packages" runs_dynamic "$engine"
  check "$engine: the user of an extended base" runs_extended "$engine"
done
for image in static extended; do check "$image: pwck and grpck" accounts "$image"; done
check "an unknown user is refused" refused unknown_user 'user postgres is not in /etc/passwd of the image, which has root' app
check "a conflict with the base is refused" refused conflict 'user app has the ID 33 of www-data in the base image'
rm -rf certs debs programs

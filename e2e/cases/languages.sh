# shellcheck shell=bash
# image_from_binary with programs of several rulesets: each runs in Docker and in Podman with the arguments and the
# environment that its target states, and is refused where its interpreter is missing.

cd "$E2E/languages"
programs=(cc go py sh)

base_made() {
  rm -rf base
  mkdir base
  base_debian "$WORK/debian.tar"
  podman import "$WORK/debian.tar" localhost/debian:latest
  podman save --format oci-archive --output base/oci-archive.tar localhost/debian:latest
  jre_debian base/jre.tar
}

# expected: what each program prints if Bazel runs it.
expected() {
  bazel run //app:sh >"$WORK/want"
  grep -qxF "NAME=it costs \$5" "$WORK/want"
  grep -qxF 'hello from another repository' "$WORK/want"
  equal "lines" 7 "$(wc -l <"$WORK/want")"
}

# loaded PROGRAM [BASE]: the image, with BASE layers of other programs (1), is valid, and both engines load it.
loaded() {
  local archive
  archive=$(build "//:$1_archive")
  archive_valid "$archive" "${2:-1}"
  docker load --input "$archive"
  podman load --input "$archive"
}

# prints ENGINE PROGRAM: the image, run without arguments, prints what the program prints if Bazel runs it.
prints() {
  "$1_run" "localhost/$2:latest" >"$WORK/got"
  diff "$WORK/want" "$WORK/got"
}

# jar_prints ENGINE: the program in the jar prints its environment, a resource, and an argument.
jar_prints() {
  "$1_run" localhost/jar:latest >"$WORK/got"
  printf '%s\n' "NAME=it costs \$5" "hello from a resource" "two words" | diff - "$WORK/got"
}

# without_jdk: the runfiles of the Java program are its jar and data, but not the JDK that Bazel runs it with.
without_jdk() {
  docker_run --entrypoint busybox localhost/java:latest find /app -name '*.jar' -o -name '*.so' -o -name modules >"$WORK/got"
  equal "jars and parts of a JDK" /app/java.runfiles/_main/app/java.jar "$(cat "$WORK/got")"
}

# refused LABEL TEXT: the image is not built, because of an error with the text.
refused() {
  local status=0
  bazel build "$1" >"$WORK/errors" 2>&1 || status=$?
  equal "exit code" 1 "$status"
  grep -F "$2" "$WORK/errors" || fail "no such error in $(cat "$WORK/errors")"
}

# platforms: the image is built for each.
platforms() {
  bazel build //:index
  jq -r '.manifests[].platform | .os + "/" + .architecture' bazel-bin/index.index.json >"$WORK/platforms"
  printf 'linux/%s\n' amd64 arm64 | diff - "$WORK/platforms"
}

check "a base with Debian's shell, Python and C++ library, and a JRE" base_made
check "a Docker daemon starts" docker_start
check "Bazel runs the shell script" expected
for program in "${programs[@]}"; do
  check "$program: Docker and Podman load the image" loaded "$program"
  for engine in docker podman; do
    check "$program in $engine: arguments, environment and runfiles" prints "$engine" "$program"
  done
done
check "java: Docker and Podman load the image" loaded java 2
check "jar: Docker and Podman load the image" loaded jar 2
for engine in docker podman; do
  check "java in $engine: arguments, environment and runfiles" prints "$engine" java
  check "jar in $engine: arguments, environment and a resource" jar_prints "$engine"
done
check "the Java program's image lacks the JDK" without_jdk
check "a script without its shell" refused //:sh_from_scratch "which starts with #!/bin/sh, needs /bin/sh"
check "a Python program without env" refused //:py_from_scratch "needs /usr/bin/env"
check "a Python program without Python" refused //:py_without_python "needs python3 in PATH, /usr/local/bin:/bin"
check "a Java program without env" refused //:java_from_scratch "needs /usr/bin/env"
check "a C++ program without its loader" refused //:cc_from_scratch "/app/cc, which is linked for /lib"
check "a Go program needs nothing" bazel build //:go_from_scratch
check "several platforms" platforms
rm -rf base

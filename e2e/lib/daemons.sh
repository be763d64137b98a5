# shellcheck shell=bash
# Private Docker, Podman, containerd and registry servers, with all their data below $RUN, mounts, and how to stop them.

# await SECONDS COMMAND...: waits until COMMAND succeeds; its output before that is discarded.
await() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >"$RUN/await" 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || fail "no success in time: $*: $(cat "$RUN/await")"
    sleep 0.2
  done
}

# daemon NAME COMMAND...: starts COMMAND in the background, instead of one of an earlier case with this name; its output goes to
# $RUN/NAME.log.
daemon() {
  [ ! -e "$RUN/daemons/$1" ] || daemon_stop "$1"
  : >"$RUN/$1.log" # at once: a caller must not find its line in the log of the earlier one
  "${@:2}" >>"$RUN/$1.log" 2>&1 </dev/null 3>&- &
  echo $! >"$RUN/daemons/$1"
}

# daemon_stop NAME: stops the daemon, and waits for it.
daemon_stop() {
  local pid deadline=$((SECONDS + 20))
  pid=$(cat "$RUN/daemons/$1")
  while kill -TERM "$pid" 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || kill -KILL "$pid"
    sleep 0.2
  done >"$RUN/kill.log"
  rm "$RUN/daemons/$1"
}

# daemons_stop: stops all daemons.
daemons_stop() {
  local file
  for file in "$RUN"/daemons/*; do
    [ ! -e "$file" ] || daemon_stop "$(basename "$file")"
  done
}

# mounts_stop DIRECTORY: unmounts everything that is mounted below DIRECTORY, the innermost first.
mounts_stop() {
  awk -v below="$1/" 'index($2, below) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount
}

# docker_start: the Docker daemon that `docker` uses; once per run. It creates no bridge and no firewall rule, so that
# it does not disturb the machine's own Docker: containers run with --network=none.
docker_start() {
  [ -e "$RUN/daemons/dockerd" ] || docker_serve dockerd "$RUN/docker"
}

# docker_serve NAME DIR [FLAG...]: a Docker daemon at $DOCKER_HOST with its data in DIR.
docker_serve() {
  daemon "$1" dockerd --host "$DOCKER_HOST" --data-root "$2" --exec-root "$2-exec" --pidfile "$2.pid" --bridge=none \
    --iptables=false "${@:3}"
  await 60 docker version || fail "dockerd does not start: $(tail -n 20 "$RUN/$1.log")"
}

# containerd_start: the containerd that `ctr` uses; once per run.
containerd_start() {
  [ -e "$RUN/daemons/containerd" ] || containerd_serve containerd "$RUN/containerd"
}

# containerd_serve NAME DIR: a containerd at $CONTAINERD_ADDRESS with its data in DIR.
containerd_serve() {
  cat >"$2.toml" <<CONFIG
version = 2
root = "$2"
state = "$2-state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "$CONTAINERD_ADDRESS"
CONFIG
  daemon "$1" containerd --config "$2.toml"
  await 60 ctr version || fail "containerd does not start: $(tail -n 20 "$RUN/$1.log")"
}

# podman_install BIN DIR: puts a `podman` into BIN that runs the one on PATH and keeps its images in DIR. It has no daemon. If it is
# killed, its temporary files stay.
podman_install() {
  mkdir -p "$2-tmp"
  cat >"$1/podman" <<PODMAN
#!/bin/sh
TMPDIR='$2-tmp' exec $(command -v podman) --root '$2' --runroot '$2-run' --storage-driver vfs "\$@"
PODMAN
  chmod +x "$1/podman"
}

# docker_run, podman_run, containerd_run IMAGE ARGS...: a container that is removed afterwards. Podman's own defaults (crun,
# high limits) require more rights than a container on a build machine has.
docker_run() { docker run --rm --network=none "$@"; }
podman_run() {
  podman run --rm --network=none --runtime runc --ulimit nofile=1024:1024 --ulimit nproc=4096:4096 "$@"
}
containerd_run() { ctr run --rm --allow-new-privs "$1" "strata-$$-$RANDOM" "${@:2}"; }

# registry_start NAME [HTPASSWD [DIR [PROGRAM]]]: an empty registry server on a free port of the loopback interface, with
# basic authentication if there is a password file, and with TLS if there is a DIR with key.pem and cert.pem. Clients need
# a certificate if DIR contains the authority clients.pem. The default PROGRAM is Debian's docker-registry. The server's
# address is in $RUN/NAME.address.
registry_start() {
  local config=$RUN/$1.yml
  cat >"$config" <<CONFIG
version: 0.1
log: {level: info}
storage: {filesystem: {rootdirectory: $RUN/$1.registry}}
http:
  addr: "127.0.0.1:0"
CONFIG
  if [ -n "${3:-}" ]; then
    printf '  tls:\n    certificate: %s/cert.pem\n    key: %s/key.pem\n' "$3" "$3" >>"$config"
    [ ! -e "$3/clients.pem" ] || printf '    clientcas: [%s/clients.pem]\n' "$3" >>"$config"
  fi
  [ -z "${2:-}" ] || echo "auth: {htpasswd: {realm: strata, path: $2}}" >>"$config"
  rm -rf "$RUN/$1.registry"
  daemon "$1" "${4:-docker-registry}" serve "$config"
  await 20 grep 'listening on' "$RUN/$1.log"
  sed -n 's/.*listening on \(127[0-9.:]*\).*/\1/p' "$RUN/$1.log" >"$RUN/$1.address"
}

# requests NAME METHODS [PATH]: how many requests with these methods (such as POST|PUT) and with PATH in the path the
# registry NAME has answered.
requests() { grep -cE "\"($2) /v2/[^ ]*${3:-}" "$RUN/$1.log" || [ $? = 1 ]; }

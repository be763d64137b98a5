# shellcheck shell=bash
# Lanes run cases at the same time. Each lane has a copy of the checkout, Bazel servers and daemons of its own, so that no case
# can notice another one.
#
# The caller sets TOP, the checkout; ALL and COPIES, two directories; LANES, the number of lanes; and opens file descriptor 3
# for output. The names of cases are in $ALL/queue, and $COPIES/rules is what release_make writes. In a lane, RUN is its directory
# in ALL, TOP is its copy of the checkout, RULES that of the release, and E2E the one with the workspaces that depend on RULES.

# lane NUMBER: runs cases until the queue is empty. $ALL/NUMBER has their results and failures.
lane() {
  local case
  RUN=$ALL/$1
  BAZELS=$COPIES/$1/bazel
  mkdir -p "$RUN"/{bin,daemons} "$BAZELS"
  touch "$RUN/results" "$RUN/failures"
  trap lane_finish EXIT
  trap 'exit 130' INT TERM HUP
  checkout "$TOP" "$COPIES/$1/checkout"
  TOP=$COPIES/$1/checkout
  cp -R "$COPIES/rules" "$COPIES/$1"
  RULES=$COPIES/$1/rules
  E2E=$RULES/e2e
  export PATH=$RUN/bin:$PATH DOCKER_HOST=unix://$RUN/docker.sock CONTAINERD_ADDRESS=$RUN/containerd.sock
  export GOFLAGS=-trimpath # packages compiled in one copy serve all
  bazel_install
  podman_install "$RUN/bin" "$RUN/podman"
  while case=$(lane_next); do lane_case "${case%.sh}"; done
}

# lane_next: takes a case from the queue.
lane_next() {
  (
    flock 9
    head -n 1 "$ALL/queue" | grep . || exit 1
    sed -i 1d "$ALL/queue"
  ) 9>"$ALL/lock"
}

# lane_case NAME: runs a case. Its output appears at once if there is only one lane, otherwise when the case ends.
lane_case() {
  local status started=$SECONDS
  CASE=$1
  WORK=$RUN/$CASE
  mkdir "$WORK"
  set +e
  (
    set -e
    [ "$LANES" = 1 ] || exec 3>"$RUN/output"
    cd "$WORK"
    # shellcheck source=/dev/null
    . "$E2E/cases/$CASE.sh"
  )
  status=$?
  (
    flock 9
    [ "$LANES" = 1 ] || cat "$RUN/output"
    [ "$status" = 0 ] || report FAIL "the case ended early"
    note "$CASE: $((SECONDS - started)) s"
  ) 9>"$ALL/lock"
  # Together, the files of all cases would need more space than some machines have.
  mounts_stop "$WORK"
  bazel_stop "$WORK"
  rm -rf "$WORK"
  set -e
}

# lane_finish: stops and removes everything, even after errors.
lane_finish() {
  set +e
  daemons_stop
  bazel_stop ""
  mounts_stop "$RUN"
  rm -rf "${BAZELS%/*}"
}

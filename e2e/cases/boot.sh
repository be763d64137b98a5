# shellcheck shell=bash
# Images as virtual machines: Debian's kernel boots file systems with our init in QEMU, without KVM, and their programs find
# what they find in a container.

cd "$E2E/boot"

# Modules of Debian's cloud kernel that the machines need, each after those that it needs.
modules=(virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci failover net_failover virtio_net overlay)

provide() {
  local kernel i
  kernel=$(apt-cache depends --no-recommends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p')
  [ -n "$kernel" ] || fail "linux-image-cloud-amd64 depends on no kernel"
  package_unpack "$kernel" "$WORK/kernel"
  rm -rf kernel modules
  mkdir kernel modules
  cp "$WORK"/kernel/boot/vmlinuz-* kernel/vmlinuz
  for i in "${!modules[@]}"; do
    find "$WORK/kernel" -name "${modules[i]}.ko" -exec cp {} "modules/$((10 + i))-${modules[i]}.ko" \;
  done
  equal "modules" "${#modules[@]}" "$(find modules -type f | wc -l)"
  CGO_ENABLED=0 go build -C server -trimpath -ldflags='-s -w' -o ../program .
}

# free_port: a port that nobody listens on.
free_port() {
  local port
  while port=$((20000 + RANDOM % 10000)) && (exec 4<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo "$port"
}

# started NAME FLAGS...: boots //:boot_NAME in the background. Its process is $pid, its port $port, its console $WORK/out.
started() {
  port=$(free_port)
  "bazel-bin/boot_$1" --accel=tcg --port="$port:80" "${@:2}" >"$WORK/out" 2>"$WORK/err" &
  pid=$!
}

# answers PATH: the machine answers with a page, in $WORK/page.
answers() {
  local beginning=$EPOCHREALTIME deadline=$((SECONDS + 120))
  until curl --silent --fail --max-time 5 --output "$WORK/page" "http://127.0.0.1:$port$1"; do
    if [ "$SECONDS" -ge "$deadline" ] || ! kill -0 "$pid"; then fail "no answer: $(cat "$WORK/out" "$WORK/err")"; fi
    sleep 0.1
  done
  elapsed=$(((${EPOCHREALTIME/./} - ${beginning/./}) / 1000))
}

# ended CODE: the machine ends with the exit code.
ended() {
  local status=0
  wait "$pid" || status=$?
  [ "$status" = "$1" ] || fail "exit code $status, want $1: $(cat "$WORK/out" "$WORK/err")"
}

# serves NAME ROOT: a machine answers, describes itself, and stops on SIGTERM. ROOT is the type of its root file system.
serves() {
  started "$1"
  answers /process
  note "$1: answers $elapsed ms after its start"
  sed 's/^mount .*//' "$WORK/page" | grep . >"$WORK/process"
  diff - "$WORK/process" <<'WANT'
args ["server" "one" "two words"]
user 1000 100 [29 44]
dir /srv
hostname vm
env GREETING=hello  world
env HOME=/home/app
env PATH=/none:/app
write data/new <nil>
write /tmp/new <nil>
write /dev/shm/new <nil>
write /etc/new open /etc/new: permission denied
open /dev/stdout <nil>
open /dev/null <nil>
open /dev/pts/ptmx <nil>
open /proc/self/stat <nil>
open /sys/kernel/uevent_seqnum <nil>
lookup localhost [127.0.0.1 ::1] <nil>
WANT
  sed -n 's/^mount //p' "$WORK/page" | sort >"$WORK/mounts"
  printf '%s\n' "/ $2" '/dev devtmpfs' '/dev/mqueue mqueue' '/dev/pts devpts' '/dev/shm tmpfs' '/proc proc' '/sys sysfs' \
    '/sys/fs/cgroup cgroup2' | diff - "$WORK/mounts"
  contains "$WORK/out" "a line to /dev/stdout"
  answers /orphan
  printf '%s\n' 'parent of the orphan: 1' 'state of the orphan: gone' | diff - "$WORK/page"
  kill -TERM "$pid"
  ended 7
  contains "$WORK/out" "stopped by terminated" "vminit: exit code 7"
  lacks "$WORK/out" "vminit: m" "vminit: l" "vminit: n" # complaints
  note "$1: $(sed -n 's/.*\[ *\([0-9.]*\)\] reboot: Power down.*/\1/p' "$WORK/out") s from the kernel's start to its end"
}

# Firecracker and users of a machine's keyboard stop it with Ctrl-Alt-Del.
ctrl_alt_del() {
  mkfifo "$WORK/monitor.in" "$WORK/monitor.out"
  cat >"$WORK/qemu" <<QEMU
#!/bin/sh
exec qemu-system-x86_64 "\$@" -chardev pipe,id=monitor,path=$WORK/monitor -mon monitor
QEMU
  chmod +x "$WORK/qemu"
  cat "$WORK/monitor.out" >"$WORK/monitor" &
  started web_cpio --qemu="$WORK/qemu"
  answers /process
  echo "sendkey ctrl-alt-delete" >"$WORK/monitor.in"
  ended 7
}

# exits NAME CODE [TEXT...]: "bazel run" has the exit code of the program.
exits() {
  local status=0
  bazel run "//:boot_$1" -- --accel=tcg >"$WORK/out" 2>"$WORK/err" || status=$?
  [ "$status" = "$2" ] || fail "exit code $status, want $2: $(cat "$WORK/out" "$WORK/err")"
  contains "$WORK/out" "vminit: exit code $2" "${@:3}"
}

# A program that does not react to its stop signal.
kills() {
  started deaf_cpio
  await 120 grep '^deaf' "$WORK/out"
  kill -INT "$pid"
  ended 137
  contains "$WORK/out" "vminit: the program did not stop in 10s; it is killed"
}

# On a drive that can be written to, changes persist, and the file system is clean in the end.
writes() {
  cp "$(output //:web_ext4)" "$WORK/disk.ext4"
  chmod u+w "$WORK/disk.ext4"
  cat >"$WORK/qemu" <<QEMU
#!/bin/bash
exec qemu-system-x86_64 "\${@/#if=none,id=root,*/if=none,id=root,format=raw,file=$WORK/disk.ext4}"
QEMU
  chmod +x "$WORK/qemu"
  started web_ext4 --qemu="$WORK/qemu" --kernel-arg=rw
  answers /process
  contains "$WORK/page" "write data/new <nil>" "mount / ext4"
  kill -TERM "$pid"
  ended 7
  e2fsck -fn "$WORK/disk.ext4"
  equal "the new file" text "$(debugfs -R 'cat /srv/data/new' "$WORK/disk.ext4")"
}

# As Firecracker's machines end.
restarts() {
  started fails_cpio --kernel-arg=reboot=k
  ended 42
  contains "$WORK/out" "reboot: Restarting system"
}

# A kernel that finds no init process panics, and the machine ends.
panics() {
  started fails_ext4 --kernel-arg=init=/none
  ended 1
  contains "$WORK/err" "the machine stopped before its program ended"
}

# refused NAME TEXT...: the file system is not built, and the message contains all texts.
refused() {
  if bazel build "//:refused_$1" >"$WORK/said" 2>&1; then fail "//:refused_$1 is built"; fi
  contains "$WORK/said" "${@:2}"
}

packages e2fsprogs qemu-system-x86
check "a kernel and its modules from Debian, and a program" provide
check "everything is built" bazel build //...
check "ext4, with an overlay over the read-only root" serves web_ext4 overlay
check "an initramfs" serves web_cpio rootfs
check "ext4 on a drive that can be written to" writes
check "Ctrl-Alt-Del" ctrl_alt_del
check "the exit code of a program" exits fails_ext4 42
check "a program that succeeds" exits succeeds_cpio 0
check "a program that a signal kills" exits killed_cpio 137
check "a program that is not there" exits missing_ext4 127 "vminit: stat /app/nothing: no such file or directory"
check "a program that cannot run" exits unusable_cpio 126 "vminit: start /etc/passwd: permission denied"
check "a program that does not stop" kills
check "a machine that ends by a restart" restarts
check "a kernel without an init process" panics
check "an image for another architecture" refused foreign "it is for linux/amd64, the image for linux/arm64"
check "an unknown user" refused nobody 'user nobody is not in /etc/passwd of the image, which has root, app'
check "nothing to start" refused nothing "the image has neither an entrypoint nor a cmd"
check "an image with files of the init process" refused reserved 'entry "/.strata/run.json": reserved for the init process'

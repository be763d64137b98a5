package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// mount is one file system to mount.
type mount struct {
	kind, dir string
	flags     uintptr
	options   string
}

const hardened = syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC

// early are the file systems that vminit itself needs.
var early = []mount{
	{"proc", "/proc", hardened, ""},
	{"devtmpfs", "/dev", syscall.MS_NOSUID, "mode=0755"},
}

// always are those of every container.
var always = []mount{
	{"proc", "/proc", hardened, ""},
	{"sysfs", "/sys", hardened, ""},
	{"cgroup2", "/sys/fs/cgroup", hardened, ""},
	{"devtmpfs", "/dev", syscall.MS_NOSUID, "mode=0755"},
	{"devpts", "/dev/pts", syscall.MS_NOSUID | syscall.MS_NOEXEC, "ptmxmode=0666,mode=0620,gid=5"},
	{"tmpfs", "/dev/shm", syscall.MS_NOSUID | syscall.MS_NODEV, "mode=1777"},
	{"mqueue", "/dev/mqueue", hardened, ""},
}

// scratch makes the directories writable that programs expect to be, if nothing else is. Otherwise the image's own contents
// of these directories stay visible, as in a container.
var scratch = []mount{
	{"tmpfs", "/run", syscall.MS_NOSUID | syscall.MS_NODEV, "mode=0755"},
	{"tmpfs", "/tmp", syscall.MS_NOSUID | syscall.MS_NODEV, "mode=1777"},
}

// mountAll mounts file systems, creating their directories where that is possible. It skips file systems that are mounted already and
// what the kernel does not have, and returns all other errors.
func mountAll(mounts []mount) error {
	var problems []error
	for _, m := range mounts {
		if mounted(m.dir) {
			continue
		}
		if err := os.Mkdir(m.dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) && !errors.Is(err, syscall.EROFS) &&
			!errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			problems = append(problems, err)
		}
		err := syscall.Mount(m.kind, m.dir, m.kind, m.flags, m.options)
		switch {
		case err == nil, errors.Is(err, syscall.ENODEV):
		case errors.Is(err, syscall.ENOENT) && m.kind == "cgroup2": // the kernel has no cgroups
		default:
			problems = append(problems, fmt.Errorf("mount %s: %w", m.dir, err))
		}
	}
	return errors.Join(problems...)
}

// mounted reports whether a directory has a file system of its own, for example because the kernel mounted it.
func mounted(dir string) bool {
	var at, above syscall.Stat_t
	return syscall.Stat(dir, &at) == nil && syscall.Stat(dir+"/..", &above) == nil && at.Dev != above.Dev
}

// linkDevices creates the symlinks in /dev that engines create.
func linkDevices() error {
	var problems []error
	for name, target := range map[string]string{
		"/dev/fd": "/proc/self/fd", "/dev/stdin": "/proc/self/fd/0", "/dev/stdout": "/proc/self/fd/1",
		"/dev/stderr": "/proc/self/fd/2",
	} {
		if err := os.Symlink(target, name); err != nil && !errors.Is(err, fs.ErrExist) {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// readOnly reports whether the root is read-only.
func readOnly() bool {
	var s syscall.Statfs_t
	return syscall.Statfs("/", &s) == nil && s.Flags&syscall.MS_RDONLY != 0
}

// overlay makes the root an overlay whose changes are in memory. If the kernel cannot do that, the root stays as it is.
func overlay() error {
	const dir, root = "/run", "/run/root"
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0755"); err != nil {
		return named("mount "+dir, err)
	}
	for _, name := range []string{root, dir + "/upper", dir + "/work"} {
		if err := os.Mkdir(name, 0o755); err != nil {
			return err
		}
	}
	// The root directory of an overlay has the owner and mode of the upper layer's.
	if info, err := os.Stat("/"); err == nil {
		stat := info.Sys().(*syscall.Stat_t)
		attempt(os.Chown(dir+"/upper", int(stat.Uid), int(stat.Gid)))
		attempt(syscall.Chmod(dir+"/upper", stat.Mode&0o7777))
	}
	err := syscall.Mount("overlay", root, "overlay", 0, "lowerdir=/,upperdir="+dir+"/upper,workdir="+dir+"/work")
	if err != nil {
		_ = syscall.Unmount(dir, syscall.MNT_DETACH)
		return fmt.Errorf("the root stays read-only: overlay: %w", err)
	}
	if err := os.Chdir(root); err != nil {
		return err
	}
	// The old root is then mounted over the new one, which makes it the working directory (pivot_root(2)).
	if err := syscall.PivotRoot(".", "."); err != nil {
		return named("pivot_root", err)
	}
	if err := syscall.Unmount(".", syscall.MNT_DETACH); err != nil {
		return named("unmount the old root", err)
	}
	return os.Chdir("/")
}

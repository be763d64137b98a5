package atomicfile

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

// maxLinks is the maximum length of a chain of symlinks, as on Linux.
const maxLinks = 40

// Target returns the path of the file that the symlinks at path, if any, lead to. It need not exist.
func Target(path string) (string, error) {
	for links := 0; ; links++ {
		if _, ok := descriptor(path); ok {
			return path, nil
		}
		info, err := os.Lstat(path)
		if err != nil || info.Mode()&os.ModeSymlink == 0 {
			return path, nil // creating the file reports the error, if it matters
		}
		if links == maxLinks {
			return "", &os.PathError{Op: "open", Path: path, Err: syscall.ELOOP}
		}
		next, err := os.Readlink(path)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(next) {
			dir, _ := filepath.Split(path)
			next = dir + next // not filepath.Join: dir may be a symlink, so the system must resolve ".."
		}
		path = next
	}
}

// descriptorPath matches the names that Unix gives to the open files of a process. Such a file may have no other name,
// or one that other processes write to as well.
var descriptorPath = pattern.New(`^/(?:dev|proc/(?:self|thread-self|([0-9]+)))/fd/([0-9]+)$`)

// descriptor returns the file descriptor of this process that path names, if it names one.
func descriptor(path string) (int, bool) {
	path = filepath.Clean(path)
	if !strings.HasPrefix(path, "/dev/fd/") && !strings.HasPrefix(path, "/proc/") {
		return 0, false
	}
	parts := descriptorPath().FindStringSubmatch(path)
	if parts == nil || parts[1] != "" && parts[1] != strconv.Itoa(os.Getpid()) {
		return 0, false
	}
	n, err := strconv.Atoi(parts[2])
	return n, err == nil
}

// openDescriptor returns the open file of this process with the descriptor n.
func openDescriptor(n int, path string) *os.File {
	switch n {
	case 1:
		return os.Stdout
	case 2:
		return os.Stderr
	}
	return os.NewFile(uintptr(n), path)
}

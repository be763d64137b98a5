package atomicfile

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
)

// maxLinks is how many symlinks may lead from one to another, as on Linux.
const maxLinks = 40

// Target returns the path of the file that the symlinks at path, if any, lead to. It need not exist.
func Target(path string) (string, error) {
	for links := 0; ; links++ {
		if _, ok := descriptor(path); ok {
			return path, nil
		}
		info, err := os.Lstat(path)
		if err != nil || info.Mode()&os.ModeSymlink == 0 {
			return path, nil // the error, if it matters, is that of creating the file
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
			next = dir + next // not filepath.Join: ".." is for the system to follow, dir may be a symlink
		}
		path = next
	}
}

// descriptorPath is how Unix names the open files of this process. What such a name leads to may have no other one, or
// one that others write to as well.
var descriptorPath = regexp.MustCompile(`^/(?:dev|proc/(?:self|thread-self|([0-9]+)))/fd/([0-9]+)$`)

// descriptor returns the number of this process's open file that path names, if it names one.
func descriptor(path string) (int, bool) {
	parts := descriptorPath.FindStringSubmatch(filepath.Clean(path))
	if parts == nil || parts[1] != "" && parts[1] != strconv.Itoa(os.Getpid()) {
		return 0, false
	}
	n, err := strconv.Atoi(parts[2])
	return n, err == nil
}

// openDescriptor returns this process's open file number n.
func openDescriptor(n int, path string) *os.File {
	switch n {
	case 1:
		return os.Stdout
	case 2:
		return os.Stderr
	}
	return os.NewFile(uintptr(n), path)
}

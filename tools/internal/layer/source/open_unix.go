//go:build unix

package source

import (
	"io"
	"io/fs"
	"syscall"
)

// open opens the file at path for reading, and returns its kind and size. An os.File would cost six more system calls,
// which find out whether reads may block, as for a pipe: a layer has thousands of files.
func open(path string) (io.ReadCloser, fs.FileMode, int64, error) {
	fd, err := uninterrupted(func() (int, error) {
		// O_NONBLOCK, so as not to wait for a writer if the file has become a pipe.
		return syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	})
	if err != nil {
		return nil, 0, 0, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	f := &file{fd, path}
	var stat syscall.Stat_t
	if _, err := uninterrupted(func() (int, error) { return 0, syscall.Fstat(fd, &stat) }); err != nil {
		f.Close()
		return nil, 0, 0, f.failure("stat", err)
	}
	kind := fs.ModeIrregular
	if stat.Mode&syscall.S_IFMT == syscall.S_IFREG {
		kind = 0
	}
	return f, kind, stat.Size, nil
}

// file is an open file.
type file struct {
	fd   int
	path string
}

// Read implements io.Reader.
func (f *file) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := uninterrupted(func() (int, error) { return syscall.Read(f.fd, p) })
	switch {
	case err != nil:
		return 0, f.failure("read", err)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Close implements io.Closer.
func (f *file) Close() error { return f.failure("close", syscall.Close(f.fd)) }

func (f *file) failure(op string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: f.path, Err: err}
}

// uninterrupted repeats a system call that a signal interrupted, which happens on some file systems.
func uninterrupted(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != syscall.EINTR {
			return n, err
		}
	}
}

// Package atomicfile writes a file, or a directory of files, completely or not at all.
//
// Uncommitted data leaves no trace: the bytes go to a temporary name in the same directory, and only [File.Commit] or
// [Directory.Commit] gives them the real name. An output that exists is therefore complete. [Lock] keeps two processes from changing one file at the same time.
//
// Only regular files are replaced. Symlinks are followed, and a device, a pipe or an open file of the process
// ("/dev/stdout") is written in place: its bytes are visible immediately.
package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// File is a file that is being written. It must be ended by Commit or Abort.
type File struct {
	*os.File
	path    string
	mode    fs.FileMode
	done    bool
	inPlace bool // the bytes go straight to the existing file
}

// Create starts writing the file at path. The directory must exist.
func Create(path string) (*File, error) {
	target, err := Target(path)
	if err != nil {
		return nil, err
	}
	if n, ok := descriptor(target); ok {
		return &File{File: openDescriptor(n, target), inPlace: true}, nil
	}
	mode := fs.FileMode(0o644)
	switch info, err := os.Stat(target); {
	case err == nil && !info.Mode().IsRegular():
		f, err := os.OpenFile(target, os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		return &File{File: f, inPlace: true}, nil
	case err == nil:
		mode = info.Mode().Perm()
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	dir, name := filepath.Split(target)
	if dir == "" {
		dir = "."
	}
	f, err := os.CreateTemp(dir, "."+name+".*.tmp")
	if err != nil {
		return nil, err
	}
	return &File{File: f, path: target, mode: mode}, nil
}

// InPlace reports whether the bytes go straight to the existing file, because it is not regular or is already open.
func (f *File) InPlace() bool { return f.inPlace }

// Commit closes the file and gives it its name, replacing an existing file. A new file is readable by all; a replaced
// file keeps its permissions.
func (f *File) Commit() error {
	f.done = true
	if f.inPlace {
		return f.leave()
	}
	err := f.Chmod(f.mode)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), f.path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// leave ends writing in place. It does not close the standard streams, which this package does not own.
func (f *File) leave() error {
	if f.File == os.Stdout || f.File == os.Stderr {
		return nil
	}
	return f.Close()
}

// Abort removes the file unless it was committed. It is meant to be deferred. Bytes written in place remain.
func (f *File) Abort() {
	if f.done {
		return
	}
	f.done = true
	if f.inPlace {
		f.leave()
		return
	}
	f.Close()
	os.Remove(f.Name())
}

// Write writes data as the file at path.
func Write(path string, data []byte) error {
	return write(path, data, func(*os.File) error { return nil })
}

// WriteDurably is like Write, for a file that a user keeps, unlike a build's output. Its bytes are on disk before it
// replaces an existing file, so that a crash of the machine leaves either the old or the new file.
func WriteDurably(path string, data []byte) error {
	return write(path, data, (*os.File).Sync)
}

// write calls sync before a file gets its name. It skips sync for a file written in place, which may be a pipe.
func write(path string, data []byte, sync func(*os.File) error) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if !f.inPlace {
		if err := sync(f.File); err != nil {
			return err
		}
	}
	return f.Commit()
}

// Package atomicfile writes a file, or a directory of files, wholly or not at all.
//
// What is not committed leaves no trace: its bytes go to a temporary name in the same directory, and only
// [File.Commit] or [Directory.Commit] gives them the real one. An output that exists is therefore complete.
//
// Only a regular file is replaced. A symlink leads to the file to write, and a device, a pipe or an open file of the
// process ("/dev/stdout") is written to as it is: there the bytes arrive at once.
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
	inPlace bool // the bytes go straight to what is there
}

// Create starts to write the file at path. The directory must exist.
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

// InPlace reports whether the bytes go straight to what is there, which is no regular file, or one that is open already.
func (f *File) InPlace() bool { return f.inPlace }

// Commit closes the file and gives it its name, replacing what was there. A new file is readable by all, one that
// replaces another has the permissions of that.
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

// leave ends the writing in place. The standard streams are not this package's to close.
func (f *File) leave() error {
	if f.File == os.Stdout || f.File == os.Stderr {
		return nil
	}
	return f.Close()
}

// Abort removes the file unless it was committed. It is meant to be deferred. What was written in place stays there.
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

// WriteDurably is Write for a file that a user keeps, unlike a build's: its bytes are on the disk before it replaces another,
// so that even a machine that stops at any time leaves the one or the other.
func WriteDurably(path string, data []byte) error {
	return write(path, data, (*os.File).Sync)
}

// write calls sync before a file gets its name. What is written in place may be a pipe, which has no disk.
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

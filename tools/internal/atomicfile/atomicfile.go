// Package atomicfile writes a file, or a directory of files, wholly or not at all.
//
// What is not committed leaves no trace: its bytes go to a temporary name in the same directory, and only
// [File.Commit] or [Directory.Commit] gives them the real one. An output that exists is therefore complete.
package atomicfile

import (
	"os"
	"path/filepath"
)

// File is a file that is being written. It must be ended by Commit or Abort.
type File struct {
	*os.File
	path string
	done bool
}

// Create starts to write the file at path. The directory must exist.
func Create(path string) (*File, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return nil, err
	}
	return &File{File: f, path: path}, nil
}

// Commit closes the file and gives it its name, replacing what was there. The file is readable by all.
func (f *File) Commit() error {
	err := f.Chmod(0o644)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), f.path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	f.done = true
	return err
}

// Abort removes the file unless it was committed. It is meant to be deferred.
func (f *File) Abort() {
	if f.done {
		return
	}
	f.done = true
	f.Close()
	os.Remove(f.Name())
}

// Write writes data as the file at path.
func Write(path string, data []byte) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Commit()
}

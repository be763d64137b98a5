package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Directory is a directory that is being filled. It must be ended by Commit or Abort.
type Directory struct {
	// Path is the directory that receives the entries until Commit, beside the real one.
	Path string

	final string
	done  bool
}

// CreateDirectory starts filling the directory at path, which must be absent or empty. Its parent must exist.
func CreateDirectory(path string) (*Directory, error) {
	path = filepath.Clean(path)
	if err := checkEmpty(path); err != nil {
		return nil, err
	}
	temporary, err := os.MkdirTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return nil, err
	}
	return &Directory{Path: temporary, final: path}, nil
}

func checkEmpty(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s: not a directory", path)
	}
	entries, err := os.ReadDir(path)
	if err == nil && len(entries) > 0 {
		err = fmt.Errorf("%s: directory is not empty", path)
	}
	return err
}

// Commit gives the directory its name. It fails if something appeared there in the meantime.
func (d *Directory) Commit() error {
	err := os.Chmod(d.Path, 0o755)
	if err == nil {
		// os.Rename does not replace a directory, not even an empty one.
		if err = os.Remove(d.final); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	if err == nil {
		err = os.Rename(d.Path, d.final)
	}
	if err != nil {
		os.RemoveAll(d.Path)
	}
	d.done = true
	return err
}

// Abort removes the directory unless it was committed. It is meant to be deferred.
func (d *Directory) Abort() {
	if !d.done {
		d.done = true
		os.RemoveAll(d.Path)
	}
}

//go:build !unix

package source

import (
	"io"
	"io/fs"
	"os"
)

// open opens the file at path for reading, and returns its kind and size.
func open(path string) (io.ReadCloser, fs.FileMode, int64, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, 0, 0, err
	}
	return file, info.Mode().Type(), info.Size(), nil
}

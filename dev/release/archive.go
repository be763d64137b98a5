package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/ulikunitz/xz"
)

// file is a regular file in an archive or in the release.
type file struct {
	name       string // slash-separated and relative
	executable bool
	content    []byte
}

func (f file) mode() fs.FileMode {
	if f.executable {
		return 0o755
	}
	return 0o644
}

// writeFiles writes the files below the directory dir.
func writeFiles(dir string, files []file) error {
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, f.content, f.mode()); err != nil {
			return err
		}
	}
	return nil
}

// modified is the time stamp of all files in archives. It is not 0, which some programs take for a missing one.
var modified = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// writeTar writes the files below the directory prefix, sorted by name and without anything about this machine. It writes
// no directories: programs that unpack the archive make them.
func writeTar(out io.Writer, prefix string, files []file) error {
	files = slices.SortedFunc(slices.Values(files), func(a, b file) int { return cmp.Compare(a.name, b.name) })
	archive := tar.NewWriter(out)
	for _, f := range files {
		header := &tar.Header{
			Typeflag: tar.TypeReg,
			Name:     prefix + f.name,
			Mode:     int64(f.mode()),
			Size:     int64(len(f.content)),
			ModTime:  modified,
		}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(f.content); err != nil {
			return err
		}
	}
	return archive.Close()
}

// tarGzip is for the module archive, which every version of Bazel and every host of sources must be able to read.
func tarGzip(prefix string, files []file) ([]byte, error) {
	var out bytes.Buffer
	packed, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if err := writeTar(packed, prefix, files); err != nil {
		return nil, err
	}
	err = packed.Close()
	return out.Bytes(), err
}

// tarXz is for tools: Go programs have most of their code in common, and a dictionary that spans all of them finds it. The
// result is less than half of gzip's. Zstandard would be faster, but not every Bazel can unpack it.
func tarXz(files []file) ([]byte, error) {
	var out bytes.Buffer
	packed, err := xz.WriterConfig{DictCap: 32 << 20}.NewWriter(&out)
	if err != nil {
		return nil, err
	}
	if err := writeTar(packed, "", files); err != nil {
		return nil, err
	}
	err = packed.Close()
	return out.Bytes(), err
}

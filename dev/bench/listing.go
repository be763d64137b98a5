package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"os"
	"path"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// readListing returns the contents of a layer: for each path its kind, size, target and the checksum of its content. Owners,
// modes and times are left out, for there the programs differ on purpose; so is the root, which some do not write.
func readListing(layer string) (map[string]string, error) {
	file, err := os.Open(layer)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	plain, err := unpack(bufio.NewReaderSize(file, 1<<20))
	if err != nil {
		return nil, err
	}
	entries := make(map[string]string)
	for t := tar.NewReader(plain); ; {
		h, err := t.Next()
		if err == io.EOF {
			_, err = io.Copy(io.Discard, plain) // the packed stream's own checksum
			return entries, err
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", layer, err)
		}
		sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
		if _, err := io.Copy(sum, t); err != nil {
			return nil, fmt.Errorf("%s: %w", layer, err)
		}
		name := path.Clean("/" + h.Name)
		if _, twice := entries[name]; twice {
			return nil, fmt.Errorf("%s: %s is there twice", layer, name)
		}
		if name != "/" {
			entries[name] = fmt.Sprintf("%c %d %s %08x", h.Typeflag, h.Size, h.Linkname, sum.Sum32())
		}
	}
}

func unpack(r *bufio.Reader) (io.Reader, error) {
	magic, err := r.Peek(4)
	switch {
	case err != nil:
		return nil, err
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		return gzip.NewReader(r)
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(r)
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	}
	return r, nil
}

// difference returns the first path where two listings differ, in the order of names.
func difference(want, got map[string]string) error {
	all := maps.Clone(want)
	maps.Copy(all, got)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if want[name] != got[name] {
			return fmt.Errorf("%s: mklayer has %q, this has %q", name, want[name], got[name])
		}
	}
	return nil
}

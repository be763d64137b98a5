// Package rootfstest reads the stacks of layers that package rootfs is tested with, and lists file systems.
//
// A stack is a txtar archive. Each of its files "layer" or "layer CODEC" is a layer, the lowest first, with one entry per
// line: a kind, a name, and the values that differ from the defaults. The other files state the result of merging the layers,
// and which engines differ: see testdata/README.md of package rootfs.
package rootfstest

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/ulikunitz/xz"
)

// Case is a stack of layers, and the expectations for it.
type Case struct {
	// Layers are the layers' blobs.
	Layers [][]byte
	// Files are the other files of the case, by name.
	Files map[string]string
}

// Read reads the case in the file at path.
func Read(path string) (*Case, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c := &Case{Files: make(map[string]string)}
	for _, f := range txtar.Parse(data).Files {
		name, codec, _ := strings.Cut(f.Name, " ")
		if name != "layer" {
			c.Files[f.Name] = string(f.Data)
			continue
		}
		plain, err := Archive(string(f.Data))
		if err != nil {
			return nil, fmt.Errorf("%s: layer %d: %w", path, len(c.Layers)+1, err)
		}
		packed, err := Pack(codec, plain)
		if err != nil {
			return nil, fmt.Errorf("%s: layer %d: %w", path, len(c.Layers)+1, err)
		}
		c.Layers = append(c.Layers, packed)
	}
	return c, nil
}

// Archive returns a tar archive of the entries in text, one per line.
func Archive(text string) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for line := range strings.Lines(text) {
		if err := write(w, strings.Fields(line)); err != nil {
			return nil, fmt.Errorf("%s: %w", strings.TrimSpace(line), err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// kinds are the kinds of entries, with their types and the modes that they have by default.
var kinds = map[string]struct {
	kind byte
	mode int64
}{
	"dir": {tar.TypeDir, 0o755}, "file": {tar.TypeReg, 0o644}, "symlink": {tar.TypeSymlink, 0o777},
	"link": {tar.TypeLink, 0o644}, "fifo": {tar.TypeFifo, 0o644}, "char": {tar.TypeChar, 0o644},
	"block": {tar.TypeBlock, 0o644},
}

// write writes the entry with the fields KIND NAME [KEY=VALUE]...
func write(w *tar.Writer, fields []string) error {
	if len(fields) < 2 {
		return fmt.Errorf("expected a kind and a name")
	}
	kind, ok := kinds[fields[0]]
	if !ok {
		return fmt.Errorf("unknown kind")
	}
	h := &tar.Header{Typeflag: kind.kind, Name: fields[1], Mode: kind.mode, ModTime: time.Unix(1000, 0)}
	data := ""
	for _, field := range fields[2:] {
		key, value, _ := strings.Cut(field, "=")
		if key == "data" {
			data, h.Size = value, int64(len(value))
		} else if err := set(h, key, value); err != nil {
			return err
		}
	}
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	_, err := io.WriteString(w, data)
	return err
}

// set sets a field of the header h.
func set(h *tar.Header, key, value string) (err error) {
	number := func(base int) (n int64) {
		n, err = strconv.ParseInt(value, base, 64)
		return n
	}
	switch key {
	case "mode":
		h.Mode = number(8)
	case "uid":
		h.Uid = int(number(10))
	case "gid":
		h.Gid = int(number(10))
	case "mtime":
		h.ModTime = time.Unix(number(10), 0)
	case "to":
		h.Linkname = value
	case "major":
		h.Devmajor = number(10)
	case "minor":
		h.Devminor = number(10)
	default:
		if h.PAXRecords == nil {
			h.PAXRecords = make(map[string]string)
		}
		h.PAXRecords["SCHILY.xattr."+key] = value
	}
	return err
}

// Pack compresses data with gzip, zstd or xz, or returns it unchanged if codec is empty.
func Pack(codec string, data []byte) ([]byte, error) {
	var b bytes.Buffer
	var w io.WriteCloser
	var err error
	switch codec {
	case "":
		return data, nil
	case "gzip":
		w = gzip.NewWriter(&b)
	case "zstd":
		w, err = zstd.NewWriter(&b)
	case "xz":
		w, err = xz.NewWriter(&b)
	default:
		err = fmt.Errorf("unknown codec %q", codec)
	}
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	err = w.Close()
	return b.Bytes(), err
}

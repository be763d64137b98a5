// Package roottar writes the file system of an image as one tar.
//
// The tar is a stream in one pass over the layers. Directories, symlinks and devices come first, in the order of their
// paths, then files in the order in which the layers hold them, then further names of files, as hard links. The bytes
// depend on nothing but the layers.
//
// Non-goals: layers (package layer), compression.
package roottar

import (
	"archive/tar"
	"context"
	"io"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
)

// types maps kinds to those of a tar.
var types = map[tree.Kind]byte{
	tree.File: tar.TypeReg, tree.Dir: tar.TypeDir, tree.Symlink: tar.TypeSymlink, tree.CharDevice: tar.TypeChar,
	tree.BlockDevice: tar.TypeBlock, tree.FIFO: tar.TypeFifo,
}

// xattrPrefix is the prefix of a pax record for an extended attribute.
const xattrPrefix = "SCHILY.xattr."

// Write writes the whole file system.
func Write(ctx context.Context, w io.Writer, f *rootfs.FileSystem) error {
	out := tar.NewWriter(w)
	paths := make(map[*rootfs.File]string)
	var links []rootfs.Entry
	for _, e := range f.Entries() {
		switch {
		case e.First != "":
			links = append(links, e)
		case e.File.Kind == tree.File:
			paths[e.File] = e.Path
		default:
			if err := out.WriteHeader(header(e.Path, e.File)); err != nil {
				return err
			}
		}
	}
	err := f.Contents(ctx, nil, func(file *rootfs.File, r io.Reader) error {
		if err := out.WriteHeader(header(paths[file], file)); err != nil {
			return err
		}
		_, err := io.Copy(out, r)
		return err
	})
	if err != nil {
		return err
	}
	for _, e := range links {
		h := header(e.Path, e.File)
		h.Typeflag, h.Size, h.Linkname, h.PAXRecords = tar.TypeLink, 0, e.First[1:], nil
		h.Devmajor, h.Devminor = 0, 0
		if err := out.WriteHeader(h); err != nil {
			return err
		}
	}
	return out.Close()
}

// header returns the header of an entry. Names are relative to the root, whose own name is "./".
func header(path string, file *rootfs.File) *tar.Header {
	h := &tar.Header{
		Typeflag: types[file.Kind], Name: strings.TrimPrefix(path, "/"), Linkname: file.Target, Size: file.Size,
		Mode: int64(file.Mode), Uid: int(file.UID), Gid: int(file.GID), ModTime: file.ModTime,
		Devmajor: int64(file.Major), Devminor: int64(file.Minor), Format: tar.FormatPAX,
	}
	switch {
	case path == "/":
		h.Name = "./"
	case file.Kind == tree.Dir:
		h.Name += "/"
	}
	for name, value := range file.Xattrs {
		if h.PAXRecords == nil {
			h.PAXRecords = make(map[string]string)
		}
		h.PAXRecords[xattrPrefix+name] = value
	}
	return h
}

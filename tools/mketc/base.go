package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/rules-strata/rules_strata/tools/internal/cli/imageflags"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
)

// base is the file system of an image whose files are extended. nil has no files.
type base struct{ *rootfs.FileSystem }

// readBase merges the layers of the image that the flags name, if any.
func readBase(ctx context.Context, flags *imageflags.Flags) (*base, error) {
	if flags.Root == "" {
		return nil, nil
	}
	image, err := flags.Image()
	if err == nil {
		err = image.RequireFiles()
	}
	if err != nil {
		return nil, err
	}
	merged, err := rootfs.Image(ctx, image.Files, image.Root)
	return &base{merged}, err
}

// read returns the file that a path leads to. The content is nil if the base does not have it, and not nil if it is empty.
func (b *base) read(ctx context.Context, path string, limit int64) (rootfs.Entry, []byte, error) {
	if b == nil {
		return rootfs.Entry{}, nil, nil
	}
	at, err := b.Find(path, true)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return rootfs.Entry{}, nil, nil
	case err != nil:
		return rootfs.Entry{}, nil, fmt.Errorf("base image: %w", err)
	case at.File.Kind != tree.File:
		return rootfs.Entry{}, nil, fmt.Errorf("base image: %s is a %s, not a file", path, at.File.Kind)
	case at.File.Size > limit:
		return rootfs.Entry{}, nil, fmt.Errorf("base image: %s has %d bytes, more than %d", path, at.File.Size, limit)
	}
	content := bytes.NewBuffer([]byte{})
	if err := b.Copy(ctx, content, path); err != nil {
		return rootfs.Entry{}, nil, err
	}
	return at, content.Bytes(), nil
}

// names returns the names in the directory that a path leads to.
func (b *base) names(dir string) ([]string, error) {
	if b == nil {
		return nil, nil
	}
	all, err := b.List(dir, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range all {
		names = append(names, path.Base(e.Path))
	}
	return names, err
}

// entry returns the entry that replaces a file of the base, with its metadata and another content.
func entry(at rootfs.Entry, data []byte) tree.Entry {
	e := file(at.Path, at.File.Mode, data)
	e.UID, e.GID, e.Xattrs = at.File.UID, at.File.GID, at.File.Xattrs
	return e
}

package main

import (
	"bytes"
	"context"
	"io"
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/layer"
	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// memory is a content in memory.
type memory []byte

func (m memory) Open() (io.ReadCloser, int64, error) {
	return io.NopCloser(bytes.NewReader(m)), int64(len(m)), nil
}

// write writes entries as a tar, without the directories that they only imply: mklayer decides about these.
func write(ctx context.Context, path string, entries []tree.Entry) error {
	var all tree.Builder
	for _, e := range entries {
		if err := all.Add(e); err != nil {
			return err
		}
	}
	built, err := all.Build()
	if err != nil {
		return err
	}
	built = slices.DeleteFunc(built, func(e *tree.Entry) bool { return e.Implied })
	_, err = layer.Build(ctx, built, path, layer.Packing{Format: compress.Format{Codec: oci.Uncompressed}})
	return err
}

// file returns the entry of a file.
func file(path string, mode uint32, data []byte) tree.Entry {
	return tree.Entry{Path: path, Kind: tree.File, Mode: tree.Perm(mode), Content: memory(data), Origin: path}
}

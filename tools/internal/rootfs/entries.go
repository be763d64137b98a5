package rootfs

import (
	"iter"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
)

// Listed is an entry of a layer without its content.
type Listed struct {
	Entry *tree.Entry
	// Size is the number of bytes in a regular file.
	Size int64
}

// MergeEntries is like [Merge] for layers that were read before. entries returns the entries of a layer, counted from 0, in
// the order of its archive. The result has no contents: [FileSystem.Contents] fails with [content.ErrNotFound] if any are
// wanted, and [File.Runs] reports no holes.
func MergeEntries(layers []oci.Descriptor, entries func(layer int) iter.Seq2[Listed, error]) (*FileSystem, error) {
	f := &FileSystem{stack: stack{content.Multi{}, layers}, merger: newMerger(maxMemory)}
	for i := range layers {
		if err := f.merger.mergeEntries(i, entries(i)); err != nil {
			return nil, f.stack.named(i, err)
		}
	}
	f.entries = f.merger.entries()
	return f, nil
}

func (m *merger) mergeEntries(layer int, entries iter.Seq2[Listed, error]) error {
	number := 0
	for e, err := range entries {
		if err == nil {
			err = m.collect(number, e.Entry, e.Size, nil)
		}
		if err != nil {
			return err
		}
		number++
	}
	return m.apply(layer)
}

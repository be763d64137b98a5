package difference

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
)

// merged is the file system of an image.
type merged struct {
	*rootfs.FileSystem
	layers []oci.Descriptor
	// digests returns the digests of files.
	digests func(ctx context.Context, of map[*rootfs.File]bool) (map[*rootfs.File]digest.Digest, error)
}

func (s Side) merge(ctx context.Context, layers []oci.Descriptor) (merged, error) {
	if s.Listings == nil {
		f, err := rootfs.Merge(ctx, s.Source, layers)
		return merged{f, layers, func(ctx context.Context, of map[*rootfs.File]bool) (map[*rootfs.File]digest.Digest, error) {
			if len(of) == 0 {
				return nil, nil
			}
			return f.Digests(ctx, func(file *rootfs.File) bool { return of[file] })
		}}, err
	}
	f, err := s.Listings.Merge(layers)
	if err != nil {
		return merged{}, err
	}
	return merged{f.FileSystem, layers, func(_ context.Context, of map[*rootfs.File]bool) (map[*rootfs.File]digest.Digest, error) {
		sums := make(map[*rootfs.File]digest.Digest, len(of))
		for file := range of {
			sums[file] = digest.Digest("sha256:" + f.SHA256(file))
		}
		return sums, nil
	}}, nil
}

// pair is a path that both images have.
type pair struct {
	before, after rootfs.Entry
}

// comparison is a comparison under way.
type comparison struct {
	before, after  merged
	both           []pair
	removed, added []rootfs.Entry
	// sums are the digests of files whose contents must be compared.
	sums [2]map[*rootfs.File]digest.Digest
}

// files compares the merged file systems of two stacks of layers.
func files(
	ctx context.Context, before Side, below []oci.Descriptor, after Side, above []oci.Descriptor,
) ([]File, error) {
	var c comparison
	var err error
	if c.before, err = before.merge(ctx, below); err != nil {
		return nil, err
	}
	if c.after, err = after.merge(ctx, above); err != nil {
		return nil, err
	}
	c.match()
	if err := c.sum(ctx); err != nil {
		return nil, err
	}
	all := append(c.compare(), c.move()...)
	for _, e := range c.removed {
		all = append(all, File{Path: e.Path, Change: Removed})
	}
	for _, e := range c.added {
		all = append(all, File{Path: e.Path, Change: Added})
	}
	slices.SortFunc(all, func(x, y File) int { return strings.Compare(x.Path, y.Path) })
	return all, nil
}

// match finds the paths that both images have, and those that only one has.
func (c *comparison) match() {
	old := make(map[string]rootfs.Entry)
	for _, e := range c.before.Entries() {
		old[e.Path] = e
	}
	for _, e := range c.after.Entries() {
		if was, ok := old[e.Path]; ok {
			c.both = append(c.both, pair{was, e})
			delete(old, e.Path)
		} else {
			c.added = append(c.added, e)
		}
	}
	for _, e := range c.before.Entries() {
		if _, ok := old[e.Path]; ok {
			c.removed = append(c.removed, e)
		}
	}
}

// sum finds out the digests of contents that must be compared: those of paths that both images have and of one size, and
// those of a size that a removed and an added file have.
func (c *comparison) sum(ctx context.Context) error {
	doubt := [2]map[*rootfs.File]bool{make(map[*rootfs.File]bool), make(map[*rootfs.File]bool)}
	for _, p := range c.both {
		if c.isDoubtful(p) {
			doubt[0][p.before.File], doubt[1][p.after.File] = true, true
		}
	}
	sizes := make(map[int64]int)
	for side, entries := range [2][]rootfs.Entry{c.removed, c.added} {
		for _, e := range entries {
			if mayMove(e) {
				sizes[e.File.Size] |= 1 << side
			}
		}
	}
	for side, entries := range [2][]rootfs.Entry{c.removed, c.added} {
		for _, e := range entries {
			if mayMove(e) && sizes[e.File.Size] == 3 {
				doubt[side][e.File] = true
			}
		}
	}
	for side, m := range [2]merged{c.before, c.after} {
		var err error
		if c.sums[side], err = m.digests(ctx, doubt[side]); err != nil {
			return err
		}
	}
	return nil
}

// mayMove reports whether an entry can be a moved file. Empty files are all the same.
func mayMove(e rootfs.Entry) bool {
	return e.File.Kind == tree.File && e.First == "" && e.File.Size > 0
}

// isDoubtful reports whether the contents must be compared: two files of one size that do not come from the same place.
func (c *comparison) isDoubtful(p pair) bool {
	x, y := p.before.File, p.after.File
	return x.Kind == tree.File && y.Kind == tree.File && x.Size == y.Size &&
		!(c.before.layers[x.Layer].Digest == c.after.layers[y.Layer].Digest && x.SamePlace(y))
}

// compare returns the paths that both images have and that differ.
func (c *comparison) compare() []File {
	var all []File
	for _, p := range c.both {
		if details := c.details(p); len(details) > 0 {
			all = append(all, File{Path: p.after.Path, Change: classify(details), Details: details})
		}
	}
	return all
}

func (c *comparison) details(p pair) []Change {
	return changes(facts(p.before, c.sums[0][p.before.File]), facts(p.after, c.sums[1][p.after.File]))
}

// classify returns the value of File.Change for a file that both images have.
func classify(details []Change) string {
	class := Metadata
	for _, d := range details {
		switch d.Key {
		case "type":
			return Type
		case "content", "size", "target", "device":
			class = Content
		}
	}
	return class
}

// move returns the files that are at another path, and removes them from the removed and the added ones.
func (c *comparison) move() []File {
	from := make(map[digest.Digest][]rootfs.Entry)
	for _, e := range c.removed {
		if sum := c.sums[0][e.File]; sum != "" && mayMove(e) {
			from[sum] = append(from[sum], e)
		}
	}
	var all []File
	gone := make(map[string]bool)
	c.added = slices.DeleteFunc(c.added, func(e rootfs.Entry) bool {
		sum := c.sums[1][e.File]
		if len(from[sum]) == 0 || !mayMove(e) {
			return false
		}
		old := from[sum][0]
		from[sum] = from[sum][1:]
		gone[old.Path] = true
		all = append(all, File{Path: e.Path, Change: Moved, From: old.Path, Details: c.details(pair{old, e})})
		return true
	})
	c.removed = slices.DeleteFunc(c.removed, func(e rootfs.Entry) bool { return gone[e.Path] })
	return all
}

// facts returns the compared properties of an entry. The digest of the content is "" if it is known to be the same, or if the
// sizes differ.
func facts(e rootfs.Entry, sum digest.Digest) map[string]string {
	f := e.File
	all := map[string]string{
		"type": f.Kind.String(), "mode": fmt.Sprintf("%04o", f.Mode), "owner": fmt.Sprintf("%d:%d", f.UID, f.GID),
		"time": f.ModTime.UTC().Format(time.RFC3339Nano),
	}
	switch f.Kind {
	case tree.File:
		all["size"] = fmt.Sprint(f.Size)
		if sum != "" {
			all["content"] = sum.String()
		}
	case tree.Symlink:
		all["target"] = f.Target
		delete(all, "mode") // Linux has none for symlinks
	case tree.CharDevice, tree.BlockDevice:
		all["device"] = fmt.Sprintf("%d,%d", f.Major, f.Minor)
	}
	if e.First != "" {
		all["hard link"] = e.First
	}
	for name, value := range f.Xattrs {
		all["xattr "+name] = fmt.Sprintf("%q", value)
	}
	return all
}

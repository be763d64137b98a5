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

// pair is a path that both images have.
type pair struct {
	before, after rootfs.Entry
}

// files compares the merged file systems of two stacks of layers.
func files(
	ctx context.Context, before Side, below []oci.Descriptor, after Side, above []oci.Descriptor,
) ([]File, error) {
	a, err := rootfs.Merge(ctx, before.Source, below)
	if err != nil {
		return nil, err
	}
	b, err := rootfs.Merge(ctx, after.Source, above)
	if err != nil {
		return nil, err
	}
	var all []File
	var both []pair
	old := make(map[string]rootfs.Entry)
	for _, e := range a.Entries() {
		old[e.Path] = e
	}
	for _, e := range b.Entries() {
		if was, ok := old[e.Path]; ok {
			both = append(both, pair{was, e})
			delete(old, e.Path)
		} else {
			all = append(all, File{Path: e.Path, Change: Added})
		}
	}
	for path := range old {
		all = append(all, File{Path: path, Change: Removed})
	}
	changed, err := compare(ctx, a, below, b, above, both)
	if err != nil {
		return nil, err
	}
	all = append(all, changed...)
	slices.SortFunc(all, func(x, y File) int { return strings.Compare(x.Path, y.Path) })
	return all, nil
}

// compare returns the paths that both images have and that differ.
func compare(
	ctx context.Context, a *rootfs.FileSystem, below []oci.Descriptor, b *rootfs.FileSystem, above []oci.Descriptor,
	both []pair,
) ([]File, error) {
	doubtA, doubtB := make(map[*rootfs.File]bool), make(map[*rootfs.File]bool)
	for _, p := range both {
		if p.isDoubtful(below, above) {
			doubtA[p.before.File], doubtB[p.after.File] = true, true
		}
	}
	sumsA, err := sums(ctx, a, doubtA)
	if err != nil {
		return nil, err
	}
	sumsB, err := sums(ctx, b, doubtB)
	if err != nil {
		return nil, err
	}
	var all []File
	for _, p := range both {
		details := changes(facts(p.before, sumsA[p.before.File]), facts(p.after, sumsB[p.after.File]))
		if len(details) > 0 {
			all = append(all, File{Path: p.after.Path, Change: Changed, Details: details})
		}
	}
	return all, nil
}

// sums returns the digests of files.
func sums(ctx context.Context, f *rootfs.FileSystem, of map[*rootfs.File]bool) (map[*rootfs.File]digest.Digest, error) {
	if len(of) == 0 {
		return nil, nil
	}
	return f.Digests(ctx, func(file *rootfs.File) bool { return of[file] })
}

// isDoubtful reports whether the contents must be compared: two files of one size that do not come from the same place.
func (p pair) isDoubtful(below, above []oci.Descriptor) bool {
	x, y := p.before.File, p.after.File
	return x.Kind == tree.File && y.Kind == tree.File && x.Size == y.Size &&
		!(below[x.Layer].Digest == above[y.Layer].Digest && x.SamePlace(y))
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

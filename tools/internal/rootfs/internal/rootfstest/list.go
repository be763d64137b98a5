package rootfstest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
)

// letters are the letters that find(1) uses for kinds.
var letters = map[tree.Kind]string{
	tree.File: "f", tree.Dir: "d", tree.Symlink: "l", tree.CharDevice: "c", tree.BlockDevice: "b", tree.FIFO: "p",
}

// List returns a line for each entry: path, kind, mode, owner, size of a file, modification time, the beginning of a
// content's SHA-256, a symlink's target or the first name of a file that has several, extended attributes, and the layer
// that it comes from. A "-" stands for a missing value.
func List(ctx context.Context, fs *rootfs.FileSystem) (string, error) {
	digests, err := fs.Digests(ctx, nil)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, e := range fs.Entries() {
		f := e.File
		size, sum, link := "-", "-", f.Target
		switch f.Kind {
		case tree.File:
			size, sum, link = strconv.FormatInt(f.Size, 10), digests[f].Encoded()[:12], e.First
		case tree.CharDevice, tree.BlockDevice:
			size = fmt.Sprintf("%d,%d", f.Major, f.Minor)
		}
		fmt.Fprintln(&b, e.Path, letters[f.Kind], fmt.Sprintf("%04o", f.Mode), f.UID, f.GID, size, f.ModTime.Unix(), sum,
			cmp.Or(link, "-"), xattrs(f.Xattrs), e.Layer+1)
	}
	return b.String(), nil
}

// xattrs returns the extended attributes, sorted.
func xattrs(all map[string]string) string {
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		texts = append(texts, fmt.Sprintf("%s=%s", name, all[name]))
	}
	return cmp.Or(strings.Join(texts, ","), "-")
}

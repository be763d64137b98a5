package tarfile

import (
	"archive/tar"
	"errors"
	"fmt"
	"math"
	"path"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// kinds maps types to kinds. Contiguous files are files, as are sparse files once they are expanded.
var kinds = map[byte]tree.Kind{
	tar.TypeReg:       tree.File,
	tar.TypeCont:      tree.File,
	tar.TypeGNUSparse: tree.File,
	tar.TypeLink:      tree.File,
	tar.TypeSymlink:   tree.Symlink,
	tar.TypeChar:      tree.CharDevice,
	tar.TypeBlock:     tree.BlockDevice,
	tar.TypeDir:       tree.Dir,
	tar.TypeFifo:      tree.FIFO,
}

// The names that mark deletions in a layer (image-spec 1.1, "layer.md", section Whiteouts): the archive may be a layer.
const (
	whiteoutPrefix = ".wh."
	opaqueName     = ".wh..wh..opq"
)

// convert returns the entry that a header describes, without its content.
func convert(h *tar.Header) (*tree.Entry, error) {
	kind, ok := kinds[h.Typeflag]
	switch {
	case !ok:
		return nil, fmt.Errorf("the type %q is not allowed in a layer", h.Typeflag)
	case h.Uid < 0 || h.Gid < 0 || int64(h.Uid) > math.MaxUint32 || int64(h.Gid) > math.MaxUint32:
		return nil, fmt.Errorf("the owner %d:%d does not fit in 32 bits", h.Uid, h.Gid)
	case h.ModTime.Year() < 1 || h.ModTime.Year() > 9999:
		return nil, fmt.Errorf("the time %d is outside the years 1 to 9999", h.ModTime.Unix())
	case kind == tree.CharDevice || kind == tree.BlockDevice:
		if h.Devmajor < 0 || h.Devminor < 0 || h.Devmajor > math.MaxUint32 || h.Devminor > math.MaxUint32 {
			return nil, fmt.Errorf("the device number %d, %d is out of range", h.Devmajor, h.Devminor)
		}
	}
	e := &tree.Entry{
		Kind: kind, Mode: tree.Perm(uint32(h.Mode & 0o7777)), UID: uint32(h.Uid), GID: uint32(h.Gid),
		User: h.Uname, Group: h.Gname, ModTime: h.ModTime, Xattrs: xattrs(h),
	}
	switch kind {
	case tree.Symlink:
		e.Target = h.Linkname
	case tree.CharDevice, tree.BlockDevice:
		e.Major, e.Minor = uint32(h.Devmajor), uint32(h.Devminor)
	}
	name, err := mark(e, h)
	if err == nil {
		e.Path, err = tree.Clean(name)
	}
	return e, err
}

// mark turns e into a whiteout if its name is that of one, and returns the path that e applies to. A whiteout's own
// metadata is ignored.
func mark(e *tree.Entry, h *tar.Header) (string, error) {
	dir, base := path.Split(h.Name)
	victim, ok := strings.CutPrefix(base, whiteoutPrefix)
	switch {
	case !ok:
		return h.Name, nil
	case h.Typeflag != tar.TypeReg || h.Size != 0:
		return "", errors.New(`an entry whose name starts with ".wh." must be an empty file`)
	case base == opaqueName:
		*e = tree.Entry{Kind: tree.Opaque}
		return "/" + dir, nil
	case victim == "" || victim == "." || victim == "..":
		return "", errors.New("a whiteout of an invalid name")
	}
	*e = tree.Entry{Kind: tree.Whiteout}
	return dir + victim, nil // tree.Clean rejects a victim that is a whiteout itself
}

// xattrPrefix begins the keys under which GNU tar and bsdtar write extended attributes. bsdtar also writes a second
// copy under other keys.
const xattrPrefix = "SCHILY.xattr."

// xattrs returns the extended attributes except those of other systems, such as macOS's com.apple.provenance: Linux
// cannot store them, and engines leave them out.
func xattrs(h *tar.Header) map[string]string {
	var found map[string]string
	for key, value := range h.PAXRecords {
		if name, ok := strings.CutPrefix(key, xattrPrefix); ok && !isForeign(name) {
			if found == nil {
				found = make(map[string]string)
			}
			found[name] = value
		}
	}
	return found
}

// isForeign reports whether the extended attribute with the name has a namespace that Linux does not have.
func isForeign(name string) bool {
	namespace, _, _ := strings.Cut(name, ".")
	switch namespace {
	case "user", "security", "system", "trusted":
		return false
	}
	return true
}

func isSparse(h *tar.Header) bool {
	if h.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// checkGlobal rejects a global header that changes the entries after it. git archive writes one with a comment, which is
// accepted.
func checkGlobal(h *tar.Header) error {
	for key := range h.PAXRecords {
		if key != "comment" {
			return fmt.Errorf("a global header sets %s for all entries, which is not supported", key)
		}
	}
	return nil
}

package inputs

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/deb"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tarfile"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// archive is an input that contains entries.
type archive interface {
	Read() ([]*tree.Entry, error)
	io.Closer
}

// archive adds the entries of a tar archive or a Debian package.
func (r *reader) archive(in Input) error {
	a, err := r.open(in)
	if err != nil {
		return err
	}
	r.contents.open = append(r.contents.open, a)
	entries, err := a.Read()
	if err == nil && in.Kind == Tar {
		entries, err = r.move(entries, in.Source)
	}
	if p, ok := a.(*deb.Package); err == nil && ok {
		err = r.note(p, in.Source)
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := r.tree.Add(*e); err != nil {
			return err
		}
	}
	return nil
}

// note adds a Debian package to the contents' packages.
func (r *reader) note(p *deb.Package, path string) error {
	sum, _, err := digest.FromFile(path)
	r.contents.Packages[sum] = p.Title()
	return err
}

func (r *reader) open(in Input) (archive, error) {
	if in.Kind == Deb {
		return deb.Open(r.ctx, in.Source, r.scratch)
	}
	return tarfile.Open(r.ctx, in.Source, r.scratch)
}

// move moves the entries of a tar archive from the directory StripPrefix to the directory PackageDir, and drops entries
// outside the former.
func (r *reader) move(entries []*tree.Entry, archive string) ([]*tree.Entry, error) {
	from, to := strings.TrimSuffix(r.spec.StripPrefix, "/"), strings.TrimSuffix(r.spec.PackageDir, "/")
	if from == "" && to == "" {
		return entries, nil
	}
	var moved []*tree.Entry
	for _, e := range entries {
		if rest, ok := below(e.Path, from); ok {
			e.Path = to + rest
			moved = append(moved, e)
		}
	}
	if len(moved) == 0 && from != "" {
		return nil, fmt.Errorf("%s: no entry is below %q", archive, from)
	}
	return moved, nil
}

// below returns the path relative to a directory, with a leading "/". "" is the root.
func below(path, dir string) (string, bool) {
	rest, ok := strings.CutPrefix(path, dir)
	return cmp.Or(rest, "/"), ok && (rest == "" || rest[0] == '/')
}

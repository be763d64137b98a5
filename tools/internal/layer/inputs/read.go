package inputs

import (
	"context"
	"errors"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/layer/shape"
	"github.com/rules-strata/rules_strata/tools/internal/layer/source"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Contents are the entries of a layer. They must be closed after the last entry's content has been read.
type Contents struct {
	Entries []*tree.Entry
	// Packages maps the digests of Debian packages to their titles.
	Packages map[digest.Digest]string

	open []io.Closer // the archives that entries are read from
}

// Close releases the files that the contents are read from.
func (c *Contents) Close() {
	for _, a := range c.open {
		a.Close() // it was only read from
	}
}

// Read reads the inputs. scratch is a directory for unpacked archives, which need no cleanup.
func (s *Spec) Read(ctx context.Context, scratch string) (*Contents, error) {
	r := reader{ctx: ctx, scratch: scratch, spec: s, contents: &Contents{Packages: make(map[digest.Digest]string)}}
	entries, err := r.read()
	if err != nil {
		r.contents.Close()
		return nil, err
	}
	r.contents.Entries = entries
	return r.contents, nil
}

// reader collects the entries of a layer.
type reader struct {
	ctx      context.Context
	scratch  string
	spec     *Spec
	contents *Contents
	tree     tree.Builder
}

func (r *reader) read() ([]*tree.Entry, error) {
	s := r.spec
	r.tree = tree.Builder{ModTime: s.ModTime, Rules: s.Rules, Same: source.Same, Duplicates: s.Duplicates}
	if s.Hardlinks {
		r.tree.Link = source.Identical
	}
	if len(s.Over) > 0 {
		if err := r.readShapes(); err != nil {
			return nil, err
		}
	}
	for _, in := range s.Inputs {
		if err := r.add(in); err != nil {
			return nil, err
		}
	}
	return r.tree.Build()
}

// readShapes reads the shapes of the layers below.
func (r *reader) readShapes() error {
	var below shape.Shape
	for _, path := range r.spec.Over {
		s, err := shape.Read(path)
		if err != nil {
			return err
		}
		below.Put(s)
	}
	r.tree.Below.Links = below.Symlinks
	r.tree.Below.Dir = func(path string) (tree.Mode, uint32, uint32, bool) {
		dir, ok := below.Dirs[path]
		return tree.Perm(uint32(dir.Mode)), dir.UID, dir.GID, ok
	}
	return nil
}

// add adds the entries of an input.
func (r *reader) add(in Input) error {
	switch in.Kind {
	case File, Executable:
		return r.file(in)
	case Tree:
		return r.walk(in)
	case Tar, Deb:
		return r.archive(in)
	}
	return r.tree.Add(in.entry())
}

func (r *reader) file(in Input) error {
	read := source.Read
	if r.spec.Links[in.Source] {
		read = source.ReadLink
	}
	e, err := read(in.Source)
	if errors.Is(err, source.ErrDirectory) && in.Kind == File {
		// Rules can see which outputs of actions are directories, but not which source files are.
		return r.walk(in)
	}
	if err != nil {
		return err
	}
	in.Given.giveTo(&e)
	if in.Kind == Executable {
		e.Mode = tree.Perm(0o755)
	}
	e.Path = in.Path
	return r.tree.Add(e)
}

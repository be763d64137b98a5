package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer"
	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/deb"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tarfile"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// disk is where inputs are read from.
type disk struct {
	ctx     context.Context
	scratch string    // directory for what archives are unpacked to
	open    []archive // what contents are read from until the layer is written
}

// archive is an input that holds entries.
type archive interface {
	Read() ([]*tree.Entry, error)
	Close() error
}

func (d *disk) close() {
	for _, a := range d.open {
		a.Close() // it was read from only
	}
}

// tar adds the entries of a tar archive.
func (in *inputs) tar(src string) error {
	in.tars = append(in.tars, src)
	return in.archive(func(d *disk) (archive, error) {
		a, err := tarfile.Open(d.ctx, src, d.scratch)
		return &moved{a, src, in}, err
	})
}

// moved is a tar archive whose entries go from the directory strip to the directory to.
type moved struct {
	*tarfile.Archive
	name string
	in   *inputs
}

// Read implements archive.
func (m *moved) Read() ([]*tree.Entry, error) {
	found, err := m.Archive.Read()
	if err != nil || m.in.strip == "" && m.in.to == "" {
		return found, err
	}
	var kept []*tree.Entry
	for _, e := range found {
		if rest, ok := below(e.Path, m.in.strip); ok {
			e.Path = m.in.to + rest
			kept = append(kept, e)
		}
	}
	if len(kept) == 0 && m.in.strip != "" {
		return nil, fmt.Errorf("%s: nothing in it is below %q", m.name, m.in.strip)
	}
	return kept, nil
}

// below returns the path as seen from a directory, with a "/" at its beginning. "" is the root.
func below(path, dir string) (string, bool) {
	rest, ok := strings.CutPrefix(path, dir)
	return cmp.Or(rest, "/"), ok && (rest == "" || rest[0] == '/')
}

// directory makes a flag's value the clean path of a directory, with "" for the root.
func directory(to *string) func(string) error {
	return func(value string) error {
		path, err := tree.Clean(value)
		*to = strings.TrimSuffix(path, "/")
		return err
	}
}

// deb adds the entries of a Debian package.
func (in *inputs) deb(src string) error {
	return in.archive(func(d *disk) (archive, error) { return deb.Open(d.ctx, src, d.scratch) })
}

// archive adds the entries of what open opens.
func (in *inputs) archive(open func(*disk) (archive, error)) error {
	in.pending = append(in.pending, func(d *disk) error {
		a, err := open(d)
		if err != nil {
			return err
		}
		d.open = append(d.open, a)
		entries, err := a.Read()
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := in.tree.Add(*e); err != nil {
				return err
			}
		}
		return nil
	})
	return nil
}

// whole are the flags beside which an archive stays as it is: they say nothing of what is in the layer.
var whole = map[string]bool{
	"tar": true, "compression": true, "annotation": true, "media-type": true, "output": true, "descriptor": true,
	"default-compression": true, "default-level": true, "shape": true, "declared-symlink": true,
}

// unchanged returns the one archive that the layer shall be, if that is what the flags say.
func (in *inputs) unchanged(flags *flag.FlagSet) (src string, ok bool) {
	ok = len(in.tars) == 1
	flags.Visit(func(f *flag.Flag) { ok = ok && whole[f.Name] })
	if !ok {
		return "", false
	}
	return in.tars[0], true
}

// build makes the blob and returns how it is packed, and a summary of what is in it.
func (r *request) build(ctx context.Context) (layer.Made, error) {
	if r.keep != "" {
		kept, err := layer.Keep(ctx, r.keep, r.output, compress.Codec(r.packing.codec))
		if !errors.Is(err, layer.ErrRepack) {
			return kept, err
		}
	}
	entries, d, err := r.entries(ctx)
	if err != nil {
		return layer.Made{}, err
	}
	defer d.close()
	result, err := layer.Build(ctx, entries, r.output, layer.Packing{Format: r.format, Cache: r.cache, Programs: &r.programs})
	return layer.Made{Result: result, Codec: r.format.Codec, Entries: entries}, err
}

// entries returns what is in the layer, and what to close once it is written.
func (r *request) entries(ctx context.Context) (entries []*tree.Entry, d *disk, err error) {
	d = &disk{ctx: ctx, scratch: filepath.Dir(r.output)}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	if err = r.inputs.read(d); err != nil {
		return nil, d, hint(err)
	}
	entries, err = r.inputs.tree.Build()
	return entries, d, err
}

package origins

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/conda"
	"github.com/rules-strata/rules_strata/tools/internal/layer/deb"
	"github.com/rules-strata/rules_strata/tools/internal/layer/inputs"
	"github.com/rules-strata/rules_strata/tools/internal/layer/source"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// Origin is where an entry comes from. Labels are as Bazel prints them.
type Origin struct {
	// Attribute is the attribute of the layer's rule that lists the entry, or "" if the rule itself makes it.
	Attribute string `json:"attribute,omitempty"`
	// Place is the key in the attribute "files".
	Place string `json:"place,omitempty"`
	// Item is the target that the attribute lists.
	Item string `json:"item,omitempty"`
	// Owner is the target of the file: the source file itself, or the rule that generates it.
	Owner string `json:"owner,omitempty"`
	// Source is the path in Bazel's execution root: of the file, the directory that has it, or the archive.
	Source string `json:"source,omitempty"`
	// Archive reports whether Source is an archive.
	Archive bool `json:"archive,omitempty"`
	// Directory reports whether Source is a directory whose contents are not listed.
	Directory bool `json:"directory,omitempty"`
}

// Entry is a path of a layer. Removed paths have the kinds of whiteouts.
type Entry struct {
	Path   string
	Kind   tree.Kind
	Target string // of a symlink
	// Implied is set for a directory that exists only for its contents.
	Implied bool
	Origin  *Origin
}

// Entries returns the entries that the part adds, and the origins of those that cannot be listed because an archive is not
// on this machine. dir is Bazel's execution root, scratch is for temporary files, and links are the symlinks in the layers below,
// by their paths.
func (p *Part) Entries(ctx context.Context, dir, scratch string, links map[string]string) ([]Entry, []*Origin, error) {
	l := lister{Part: p, ctx: ctx, dir: dir}
	scratch, err := os.MkdirTemp(scratch, ".origins.*.tmp")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(scratch)
	l.scratch = scratch
	// The policy "error" lets only identical inputs pass, and the first of them may stand for all.
	l.tree = tree.Builder{Duplicates: tree.First, Same: source.Same}
	if p.spec.Duplicates == tree.Last || p.Kind == Conda {
		l.tree.Duplicates = tree.Last
	}
	if len(p.spec.Over) > 0 {
		l.tree.Below.Links = links
	}
	for _, in := range p.inputs {
		if err := l.add(in); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", Short(p.Label), err)
		}
	}
	built, err := l.tree.Build()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", Short(p.Label), err)
	}
	all := make([]Entry, 0, len(built))
	for _, e := range built {
		number, err := strconv.Atoi(e.Origin)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, Entry{Path: e.Path, Kind: e.Kind, Target: e.Target, Implied: e.Implied, Origin: l.origins[number]})
	}
	if p.Kind == Environment {
		l.unread = append(l.unread, &Origin{})
	}
	return all, l.unread, nil
}

// lister collects the entries of a part. The Origin of an entry in the tree is a number in origins.
type lister struct {
	*Part
	ctx          context.Context
	dir, scratch string
	tree         tree.Builder
	origins      []*Origin
	unread       []*Origin
}

// put adds entries of one origin.
func (l *lister) put(origin *Origin, entries ...*tree.Entry) error {
	l.origins = append(l.origins, origin)
	number := strconv.Itoa(len(l.origins) - 1)
	for _, e := range entries {
		put := tree.Entry{Path: e.Path, Kind: e.Kind, Target: e.Target, Follow: e.Follow, Implied: e.Implied, Origin: number}
		if put.Kind == tree.Hardlink {
			put.Kind, put.Target = tree.File, ""
		}
		if err := l.tree.Add(put); err != nil {
			return err
		}
	}
	return nil
}

// statedKinds has the kinds of the entries of inputs that need nothing from the disk.
var statedKinds = map[inputs.Kind]tree.Kind{
	inputs.File: tree.File, inputs.Executable: tree.File, inputs.EmptyFile: tree.File, inputs.Symlink: tree.Symlink,
	inputs.Dir: tree.Dir, inputs.Tree: tree.Dir, inputs.Remove: tree.Whiteout, inputs.Opaque: tree.Opaque,
}

func (l *lister) add(in input) error {
	origin := l.origin(in)
	switch in.Kind {
	case inputs.Tar, inputs.Deb, condaPackage:
		entries, err := l.open(in)
		if errors.Is(err, fs.ErrNotExist) {
			l.unread = append(l.unread, origin)
			return nil
		}
		if err != nil {
			return err
		}
		return l.put(origin, entries...)
	case inputs.File, inputs.Tree:
		// Bazel presents directories of the source tree as files. Directories that actions make may be outdated or missing.
		generated := strings.HasPrefix(in.Source, "bazel-out/")
		info, err := os.Stat(filepath.Join(l.dir, in.Source))
		if err == nil && info.IsDir() && !generated && filepath.IsLocal(in.Source) {
			return l.walk(in, origin)
		}
		if in.Kind == inputs.Tree {
			origin.Directory = true
		}
	}
	return l.put(origin, &tree.Entry{Path: in.Path, Kind: statedKinds[in.Kind], Target: in.Target})
}

// walk adds the contents of a directory of the source tree.
func (l *lister) walk(in input, origin *Origin) error {
	var entries []*tree.Entry
	err := source.Walk(filepath.Join(l.dir, in.Source), func(name string, e tree.Entry) error {
		if name != "" || in.Path != "/" {
			e.Path, e.Implied = in.Path+"/"+name, e.Kind == tree.Dir
			entries = append(entries, &e)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return l.put(origin, entries...)
}

// open returns the entries of an archive.
func (l *lister) open(in input) ([]*tree.Entry, error) {
	path := filepath.Join(l.dir, in.Source)
	switch in.Kind {
	case inputs.Deb:
		p, err := deb.Open(l.ctx, path, l.scratch)
		if err != nil {
			return nil, err
		}
		defer p.Close()
		return p.Read()
	case condaPackage:
		return l.conda(path, in.conda)
	}
	spec := inputs.Spec{Inputs: []inputs.Input{{Kind: inputs.Tar, Source: path}}, StripPrefix: l.spec.StripPrefix,
		PackageDir: l.spec.PackageDir}
	contents, err := spec.Read(l.ctx, l.scratch)
	if err != nil {
		return nil, err
	}
	defer contents.Close()
	return contents.Entries, nil
}

func (l *lister) conda(path, url string) ([]*tree.Entry, error) {
	to := conda.Target{Prefix: l.prefix}
	if l.python != "" {
		data, err := os.ReadFile(filepath.Join(l.dir, l.python))
		if err != nil {
			return nil, err
		}
		to.Python = new(conda.Python)
		if err := oci.Unmarshal(data, to.Python); err != nil {
			return nil, fmt.Errorf("%s: %w", l.python, err)
		}
	}
	p, err := conda.Open(l.ctx, path, l.scratch)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	installed, err := p.Install(to, url)
	return installed.Entries, err
}

// origin returns the origin of an input.
func (p *Part) origin(in input) *Origin {
	o := &Origin{Attribute: in.attribute, Source: in.Source, Owner: p.owners[in.Source]}
	if archive, ok := p.archives[in.Source]; ok {
		o.Attribute, o.Item, o.Archive = archive.attribute, archive.label, true
		return o
	}
	switch in.Kind {
	case inputs.Tar, inputs.Deb, condaPackage:
		o.Archive = true
		return o
	}
	isRunfile := strings.Contains(in.Path, ".runfiles/")
	if o.Attribute == "" && (in.Source != "" || isRunfile) {
		if found := p.item(in.Path); found != nil {
			o.Attribute, o.Place, o.Item = found.attribute, found.place, found.label
		}
	}
	if o.Attribute == "" && in.Source == "" && !isRunfile {
		o.Attribute = attributes[in.Kind]
	}
	return o
}

// item returns the item of the attributes "files" or "binary" that a path belongs to: the one with the longest place.
func (p *Part) item(path string) *item {
	var found *item
	for i, candidate := range p.items {
		place := candidate.place
		fits := place == "" || path == place || strings.HasPrefix(path, strings.TrimSuffix(place, "/")+"/") ||
			strings.HasPrefix(path, place+".runfiles/")
		if fits && (found == nil || len(place) > len(found.place)) {
			found = &p.items[i]
		}
	}
	return found
}

package report

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/facts/origins"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// most is how many files a list of the largest ones has.
const most = 50

// fileID is a file of a layer: its position in the archive.
type fileID struct{ layer, number int }

// setFiles fills in everything that depends on the contents of layers.
func (r *Report) setFiles(in Input, manifest oci.Manifest) error {
	shown := make(map[fileID]bool)
	at := make(map[string]int) // the layer of each path of the file system
	if r.Unread == 0 {
		merged, err := in.Listings.Merge(manifest.Layers)
		if err != nil {
			return err
		}
		for _, e := range merged.Entries() {
			if e.File.Kind == tree.File { // a directory that no layer states has the number 0
				shown[fileID{e.File.Layer, e.File.Number}] = true
			}
			at[e.Path] = e.Layer + 1
		}
		r.setTree(in, manifest, merged)
	}
	targets, repositories := make(map[string]*Share), make(map[string]*Share)
	for n := range r.Layers {
		l := &r.Layers[n]
		if l.Unread {
			r.Sizes.Compressed += l.Size
			continue
		}
		number := -1
		for e, err := range in.Listings.Entries(l.Digest) {
			if err != nil {
				return err
			}
			number++
			if e.Type != "file" {
				continue
			}
			l.Contents += e.Size
			place, _ := in.origin(l.Digest, e.Path)
			target, repository := place.Share()
			if target == "" {
				repository = unknown
			}
			add(targets, target, e.Size, *l)
			add(repositories, repository, e.Size, *l)
			if r.Unread == 0 && !shown[fileID{n, number}] {
				l.Wasted += e.Size
				r.Wasted = append(r.Wasted, Wasted{e.Path, e.Size, l.Number, target, at[e.Path]})
			}
		}
		l.Headers = l.Uncompressed - l.Contents
		add(targets, headers, l.Headers, *l)
		add(repositories, headers, l.Headers, *l)
		r.Sizes.add(*l)
	}
	r.Targets, r.Repositories = sorted(targets), sorted(repositories)
	r.Wasted = largest(r.Wasted, func(a, b Wasted) int {
		return cmp.Or(cmp.Compare(b.Size, a.Size), cmp.Compare(a.Layer, b.Layer), strings.Compare(a.Path, b.Path))
	})
	return nil
}

// unknown is the repository of files of unknown origin.
const unknown = "unknown"

// headers is the share of tar headers and padding.
const headers = "headers and padding"

// add adds contents to a share.
func add(to map[string]*Share, name string, size int64, l Layer) {
	s := to[name]
	if s == nil {
		s = &Share{Name: name}
		to[name] = s
	}
	s.Contents += size
	s.Compressed += estimate(size, l)
	if name != headers {
		s.Files++
	}
}

// estimate returns the compressed size of bytes of a layer.
func estimate(size int64, l Layer) int64 {
	if l.Uncompressed == 0 {
		return 0
	}
	return int64(float64(size) * (float64(l.Size) / float64(l.Uncompressed)))
}

func (s *Sizes) add(l Layer) {
	s.Compressed += l.Size
	s.Uncompressed += l.Uncompressed
	s.Contents += l.Contents
	s.Headers += l.Headers
	s.Wasted += l.Wasted
	s.WastedCompressed += estimate(l.Wasted, l)
	s.Visible = s.Contents - s.Wasted
	if l.Base {
		s.WastedInBase += l.Wasted
	}
}

func sorted(shares map[string]*Share) []Share {
	all := []Share{}
	for _, s := range shares {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b Share) int {
		return cmp.Or(cmp.Compare(b.Contents, a.Contents), strings.Compare(a.Name, b.Name))
	})
	return all
}

// largest sorts a list and cuts it.
func largest[T any](all []T, compare func(a, b T) int) []T {
	slices.SortFunc(all, compare)
	return all[:min(len(all), most)]
}

// setTree fills in the file system, its largest files and its duplicates.
func (r *Report) setTree(in Input, manifest oci.Manifest, merged *listing.FileSystem) {
	directories := make(map[string]*Directory)
	r.Tree = directory(directories, "/")
	same := make(map[string]*Duplicate)
	for _, e := range merged.Entries() {
		if e.File.Kind == tree.Dir {
			directory(directories, e.Path)
			continue
		}
		f := File{Path: e.Path, Type: e.File.Kind.String(), Layer: e.File.Layer + 1, Link: cmp.Or(e.First, e.File.Target)}
		place, _ := in.origin(manifest.Layers[e.File.Layer].Digest, e.Path)
		f.Origin, _ = place.Share()
		if e.First != "" {
			f.Type = tree.Hardlink.String()
		} else if e.File.Kind == tree.File {
			f.Size, f.SHA256 = e.File.Size, merged.SHA256(e.File)
			r.Largest = append(r.Largest, f)
			r.Sizes.Files++
			d := same[f.SHA256]
			if d == nil {
				d = &Duplicate{SHA256: f.SHA256, Size: f.Size}
				same[f.SHA256] = d
			}
			d.Paths = append(d.Paths, f.Path)
		}
		for at := path.Dir(f.Path); ; at = path.Dir(at) {
			d := directory(directories, at)
			d.Contents += f.Size
			if f.SHA256 != "" {
				d.Files++
			}
			if at == "/" {
				break
			}
		}
		parent := directories[path.Dir(f.Path)]
		parent.Entries = append(parent.Entries, f)
	}
	for _, d := range directories {
		slices.SortFunc(d.Directories, func(a, b *Directory) int { return strings.Compare(a.Name, b.Name) })
		slices.SortFunc(d.Entries, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	}
	r.Largest = largest(r.Largest, func(a, b File) int {
		return cmp.Or(cmp.Compare(b.Size, a.Size), strings.Compare(a.Path, b.Path))
	})
	r.setDuplicates(same)
}

// directory returns the directory at a path, and adds it with its parents if it is new.
func directory(all map[string]*Directory, at string) *Directory {
	if d := all[at]; d != nil {
		return d
	}
	d := &Directory{Name: path.Base(at)}
	all[at] = d
	if at != "/" {
		parent := directory(all, path.Dir(at))
		parent.Directories = append(parent.Directories, d)
	}
	return d
}

func (r *Report) setDuplicates(same map[string]*Duplicate) {
	for _, d := range same {
		if len(d.Paths) > 1 && d.Size > 0 {
			r.Sizes.Duplicate += d.waste()
			slices.Sort(d.Paths)
			r.Duplicates = append(r.Duplicates, *d)
		}
	}
	r.Duplicates = largest(r.Duplicates, func(a, b Duplicate) int {
		return cmp.Or(cmp.Compare(b.waste(), a.waste()), strings.Compare(a.SHA256, b.SHA256))
	})
}

// waste is what all but one copy need.
func (d Duplicate) waste() int64 { return d.Size * int64(len(d.Paths)-1) }

// shownAs returns the name of a share for people.
func shownAs(name string) string {
	switch {
	case name == "":
		return unknown
	case name == headers || name == unknown:
		return name
	}
	label, note, _ := strings.Cut(name, " ")
	if repository, ok := strings.CutPrefix(label, "@@"); ok && !strings.Contains(repository, "//") {
		return strings.TrimSuffix(origins.Short(label+"//"), "//")
	}
	return strings.TrimSpace(origins.Short(label) + " " + note)
}

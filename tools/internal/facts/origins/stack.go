package origins

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/shape"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

// Index is what the aspect writes for a target: an image, or several images of an index.
type Index []Image

// Image has the files with the origins of one image. Paths are relative to Bazel's execution root.
type Image struct {
	Platform string // may be unknown: ""
	Label    string
	// Shapes are those of bases whose layers are not listed.
	Shapes []string
	Layers []Files
}

// Files are those of one layer. Key is its descriptor, or a directory with all layers of an imported base. The paths are its
// own origins, followed by those of the layers that it merges.
type Files struct {
	Key   string
	Paths []string
}

// ReadIndex reads the index of a target.
func ReadIndex(path string) (Index, error) {
	text, err := read(path)
	if err != nil {
		return nil, err
	}
	var all Index
	for number, line := range lines(text) {
		fields := strings.Split(line, "\t")
		switch last := len(all) - 1; {
		case fields[0] == "image" && len(fields) == 3:
			all = append(all, Image{Platform: fields[1], Label: fields[2]})
		case fields[0] == "shape" && len(fields) == 2 && last >= 0:
			all[last].Shapes = append(all[last].Shapes, fields[1])
		case fields[0] == "layer" && len(fields) >= 2 && last >= 0:
			all[last].Layers = append(all[last].Layers, Files{fields[1], fields[2:]})
		default:
			return nil, fmt.Errorf("%s: line %d: unexpected %q", path, number+1, line)
		}
	}
	return all, nil
}

// Stacked is a layer of an image, or one of the layers that a squashed layer merges.
type Stacked struct {
	*Part
	// Number is the layer's position in the image, 1 for the lowest, or 0 if it is unknown.
	Number int
	// Key is that of the layer's Files.
	Key string
	// Squashed is the target that merges the layer into another one, or "".
	Squashed string
	// Image is the name of a base in its registry, or "".
	Image   string
	Entries []Entry
	// Unread are the origins of entries that are not known. For a base, this is everything.
	Unread []*Origin

	paths    map[string]int // position in Entries
	removals map[string]int // of whiteouts, by their paths; opaque ones have a "/" at the end
}

// Stack is an image: its layers, the lowest first.
type Stack struct {
	Layers []Stacked
	links  map[string]string // symlinks of the whole image
}

// Open reads the origins of an image. dir is Bazel's execution root, scratch the directory for temporary files.
func (i Image) Open(ctx context.Context, dir, scratch string) (*Stack, error) {
	s := &Stack{links: make(map[string]string)}
	for _, path := range i.Shapes {
		below, err := shape.Read(filepath.Join(dir, path))
		if err != nil {
			return nil, err
		}
		for path, target := range below.Symlinks {
			s.links[path] = target
		}
	}
	for n, layer := range i.Layers {
		squash := ""
		for m, path := range layer.Paths {
			part, err := Read(filepath.Join(dir, path))
			if err != nil {
				return nil, err
			}
			if part.Kind == Squash && m == 0 && len(layer.Paths) > 1 {
				squash = part.Label
				continue
			}
			if err := s.push(ctx, dir, scratch, Stacked{Part: part, Number: n + 1, Key: layer.Key, Squashed: squash}); err != nil {
				return nil, err
			}
		}
		if len(layer.Paths) == 0 {
			// A rule of another ruleset made the layer.
			s.Layers = append(s.Layers, Stacked{Part: &Part{}, Number: n + 1, Key: layer.Key, Unread: []*Origin{{Source: layer.Key}}})
		}
	}
	if slices.ContainsFunc(s.Layers, func(l Stacked) bool { return l.Kind == Import }) {
		for n := range s.Layers {
			s.Layers[n].Number = 0 // the number of the base's layers is unknown
		}
	}
	return s, nil
}

// push puts a layer on top.
func (s *Stack) push(ctx context.Context, dir, scratch string, l Stacked) error {
	switch l.Kind {
	case Base:
		if d, err := wire.ReadLayer(filepath.Join(dir, l.Key)); err == nil && len(d.Sources) > 0 {
			l.Image = d.Sources[0]
		}
		l.Unread = []*Origin{{}}
	case Import, Squash:
		l.Unread = []*Origin{{}}
	default:
		var err error
		if l.Entries, l.Unread, err = l.Part.Entries(ctx, dir, scratch, s.links); err != nil {
			return err
		}
	}
	l.paths, l.removals = make(map[string]int, len(l.Entries)), make(map[string]int)
	for n, e := range l.Entries {
		switch e.Kind {
		case tree.Symlink:
			s.links[e.Path] = e.Target
		case tree.Dir:
		default:
			delete(s.links, e.Path)
		}
		switch e.Kind {
		case tree.Whiteout:
			l.removals[e.Path] = n
		case tree.Opaque:
			l.removals[strings.TrimSuffix(e.Path, "/")+"/"] = n
		default:
			l.paths[e.Path] = n
		}
	}
	s.Layers = append(s.Layers, l)
	return nil
}

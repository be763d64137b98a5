package origins

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// Answer states where a path of an image comes from.
type Answer struct {
	Path string `json:"path"`
	// Asked is the path that leads to Path through symlinks of the image, if it is another one.
	Asked string `json:"asked,omitempty"`
	// Found is the origin of what a container sees, or nil.
	Found *Place `json:"found,omitempty"`
	// Removed is what deletes the path, if it is not Found.
	Removed *Place `json:"removed,omitempty"`
	// Shadows are the entries in lower layers that a container does not see, or, for directories, that are merged, from the
	// highest to the lowest.
	Shadows []Place `json:"shadows,omitempty"`
	// Unread are the layers that may have the path, too, because their contents are not known: those of bases.
	Unread []Place `json:"unread,omitempty"`
	// Similar are paths of the image that resemble one that is not found.
	Similar []string `json:"similar,omitempty"`
}

// Place is an entry in a layer.
type Place struct {
	// Layer is the number of the layer, 1 for the lowest, or 0 if it is unknown because of an imported base.
	Layer int `json:"layer,omitempty"`
	// Label is the target that makes the layer.
	Label string `json:"label"`
	// Squashed is the target that merges the layer into another one.
	Squashed string `json:"squashed,omitempty"`
	// Image is the name of a base in its registry.
	Image string `json:"image,omitempty"`
	// Type is that of the entry; "parent" for a directory that exists only for its contents.
	Type   string `json:"type,omitempty"`
	Target string `json:"target,omitempty"` // of a symlink
	// Base reports whether the layer is that of a base.
	Base bool `json:"base,omitempty"`
	Origin
}

// Why finds out where a path comes from.
func (s *Stack) Why(asked string) (Answer, error) {
	at, err := tree.Clean("/" + asked)
	if err != nil {
		return Answer{}, fmt.Errorf("%q: %w", asked, err)
	}
	a := Answer{Path: at}
	if a.Path, err = tree.Resolve(s.links, at, false); err != nil {
		return a, fmt.Errorf("%s: %w", at, err)
	}
	if a.Path != at {
		a.Asked = at
	}
	hidden := false // whether a higher layer hides what is below
	for n := range slices.Backward(s.Layers) {
		l := &s.Layers[n]
		e, removal := l.at(a.Path)
		switch {
		case e == nil:
		case a.Found == nil && !hidden:
			a.Found = l.place(e)
		default:
			a.Shadows = append(a.Shadows, *l.place(e))
		}
		if removal != nil && !hidden {
			hidden = true
			if a.Found == nil {
				a.Removed = l.place(removal)
			}
		}
		for _, o := range l.Unread {
			a.Unread = append(a.Unread, *l.place(&Entry{Origin: o}))
		}
	}
	if a.Found == nil && a.Removed == nil {
		a.Similar = s.similar(a.Path)
	}
	return a, nil
}

// at returns the entry of the layer for a path, or nil, and the entry that hides the path in lower layers, or nil.
func (l *Stacked) at(at string) (found, removal *Entry) {
	hide := func(key string) {
		if n, ok := l.removals[key]; ok && removal == nil {
			removal = &l.Entries[n]
		}
	}
	if n, ok := l.paths[at]; ok {
		found = &l.Entries[n]
		if found.Kind != tree.Dir {
			removal = found
		}
	}
	hide(at)
	for dir := at; dir != "/"; {
		dir = path.Dir(dir)
		hide(strings.TrimSuffix(dir, "/") + "/")
		hide(dir)
		n, ok := l.paths[dir]
		if !ok {
			continue
		}
		switch e := &l.Entries[n]; {
		case e.Origin.Directory:
			if found == nil || found.Implied {
				found = e
			}
		case e.Kind != tree.Dir && removal == nil:
			removal = e
		}
	}
	return found, removal
}

// Origin returns the origin of a path that a layer has, which may merge several ones. The result is false if it is unknown.
func (s *Stack) Origin(key, at string) (Place, bool) {
	for n := range slices.Backward(s.Layers) {
		l := &s.Layers[n]
		if l.Key != key {
			continue
		}
		if found, _ := l.at(at); found != nil {
			return *l.place(found), true
		}
		if l.Kind == Base || l.Kind == Import || l.Kind == Environment {
			return *l.place(&Entry{Origin: &Origin{}}), true
		}
		if len(l.Unread) == 1 { // nothing else can have it
			return *l.place(&Entry{Origin: l.Unread[0]}), true
		}
	}
	return Place{}, false
}

// Label returns the target that makes a layer, or "".
func (s *Stack) Label(key string) string {
	for _, l := range s.Layers {
		if l.Key == key {
			return firstOf(l.Squashed, l.Label)
		}
	}
	return ""
}

// Brought returns the target of the file, or of the archive that has it.
func (p Place) Brought() string {
	if p.Archive {
		return firstOf(p.Item, p.Owner, p.Label)
	}
	return firstOf(p.Owner, p.Item, p.Label)
}

// Share returns the name of what a target adds to an image, and its repository: a rule, the source files of a package, or a
// base.
func (p Place) Share() (target, repository string) {
	label := p.Brought()
	repository, name, _ := strings.Cut(strings.TrimPrefix(label, "@@"), "//")
	if repository = "@@" + repository; repository == "@@" {
		repository = ""
	}
	isSource := p.Owner != "" && p.Source != "" && !p.Archive && !strings.HasPrefix(p.Source, "bazel-out/")
	if directory, _, ok := strings.Cut(name, ":"); ok && isSource {
		label = repository + "//" + directory + " (source files)"
	}
	return label, repository
}

func (l *Stacked) place(e *Entry) *Place {
	p := &Place{Layer: l.Number, Label: l.Label, Squashed: l.Squashed, Image: l.Image, Target: e.Target, Origin: *e.Origin}
	switch {
	case l.Kind == Base || l.Kind == Import:
		p.Base = true
	case e.Implied:
		p.Type = "parent"
	case e.Path != "":
		p.Type = e.Kind.String()
	}
	return p
}

// maxSimilar is the maximum number of similar paths.
const maxSimilar = 5

// similar returns paths that begin with the path or, if there are none, those with the same last element, or those in the
// same directory, the shortest first.
func (s *Stack) similar(at string) []string {
	var longer, same, near []string
	for _, l := range s.Layers {
		for p, n := range l.paths {
			switch {
			case l.Entries[n].Implied:
			case strings.HasPrefix(p, at):
				longer = append(longer, p)
			case path.Base(p) == path.Base(at):
				same = append(same, p)
			case path.Dir(p) == path.Dir(at):
				near = append(near, p)
			}
		}
	}
	if len(longer) == 0 {
		longer = same
	}
	if len(longer) == 0 {
		longer = near
	}
	slices.SortFunc(longer, func(a, b string) int {
		if d := len(a) - len(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	longer = slices.Compact(longer)
	return longer[:min(len(longer), maxSimilar)]
}

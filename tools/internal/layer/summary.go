package layer

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rules-strata/rules_strata/tools/internal/tree"
)

// maxSummary is how long a summary may be, in bytes: it is a line of `docker history`, and a part of each config.
const maxSummary = 200

// Summary says in one line what is in a layer with the entries, which come from tree.Builder.Build:
//
//	/app/server /app/server.runfiles/ (13 files)
//
// It names what is found where the layer's paths part: the paths below the directory that all have in common, each as
// far down as nothing else is beside it. A directory has a "/" at its end, a deleted path a "-" before it. What does not
// fit is counted. The result has printable characters alone and depends on paths and kinds.
func Summary(entries []*tree.Entry) string {
	s := summary{}
	for _, e := range entries {
		s.add(e)
	}
	names := s.root.names("/")
	if len(names) == 1 && names[0] == "/" {
		return "nothing"
	}
	counts := s.counts()
	text, left := "", len(names)
	for i, name := range names {
		rest := ""
		if i < len(names)-1 {
			rest = fmt.Sprintf(" and %d more", len(names)-1)
		}
		if text != "" && len(text)+1+len(name)+len(rest)+len(counts) > maxSummary {
			break
		}
		if text != "" {
			text += " "
		}
		text += shortened(name, maxSummary-len(rest)-len(counts))
		left--
	}
	if left > 0 {
		text += fmt.Sprintf(" and %d more", left)
	}
	return text + counts
}

// summary is the paths of a layer as a tree of names.
type summary struct {
	root           node
	files, deleted int
}

// node is a name in a directory. What is needed of its children is their number and the first one, so long as there is
// no other; the root's and those of the directory in which paths part are listed.
type node struct {
	name     string
	stated   bool // it is more than the parent of something
	deleted  bool
	children []*node
}

// add adds an entry. Entries come in the order of their names, so the one before is where a path is looked for.
func (s *summary) add(e *tree.Entry) {
	switch e.Kind {
	case tree.File, tree.Hardlink:
		s.files++
	case tree.Whiteout, tree.Opaque:
		s.deleted++
	}
	n := &s.root
	path := strings.Trim(e.Path, "/")
	for path != "" {
		var name string
		name, path, _ = strings.Cut(path, "/")
		n = n.child(name)
	}
	if e.Kind != tree.Dir {
		n.stated = true
	}
	n.deleted = n.deleted || e.Kind == tree.Whiteout || e.Kind == tree.Opaque
}

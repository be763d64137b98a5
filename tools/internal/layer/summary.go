package layer

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// maxSummary is the maximum length of a summary, in bytes: it is a line of `docker history`, and a part of each config.
const maxSummary = 180

// Summary describes, in one line, a layer with the entries, which come from tree.Builder.Build:
//
//	/app/server /app/server.runfiles/ (13 files)
//
// It lists the contents of the deepest directory that contains all of the layer's paths, and extends each name down to the
// first directory with several entries. A directory ends in "/", and a "-" precedes a path whose contents in lower
// layers are deleted. Names that do not fit are counted. The line depends only on paths and kinds, and all its
// characters are printable.
func Summary(entries []*tree.Entry) string {
	var found []leaf
	files := 0
	for i, e := range entries {
		if e.Kind == tree.File || e.Kind == tree.Hardlink {
			files++
		}
		if holds := e.Kind == tree.Dir && i+1 < len(entries) && e.Path != "/" &&
			strings.HasPrefix(entries[i+1].Name(), e.Name()); !holds {
			found = append(found, newLeaf(e))
		}
	}
	count := ""
	if files > 1 {
		count = fmt.Sprintf(" (%d files)", files)
	}
	return list(names(found), maxSummary-len(count)) + count
}

// leaf is an entry that contains no other.
type leaf struct {
	path string // in the order of the entries; without a trailing "/"
	text string // its name in the summary
}

func newLeaf(e *tree.Entry) leaf {
	path := strings.TrimSuffix("/"+e.Name(), "/")
	switch {
	case e.Path == "/" && e.Kind == tree.Dir:
		return leaf{"/", "/"}
	case e.Kind == tree.Dir:
		return leaf{path, path + "/"}
	case e.Kind == tree.Opaque:
		return leaf{path, "-" + strings.TrimSuffix(e.Path, "/") + "/*"}
	case e.Kind == tree.Whiteout:
		return leaf{path, "-" + e.Path}
	}
	return leaf{path, path}
}

// names returns the contents of the directory that all leaves have in common.
func names(leaves []leaf) []string {
	if len(leaves) == 0 {
		return []string{"nothing"}
	}
	if leaves[0].path == "/" && len(leaves) > 1 {
		leaves = leaves[1:] // the root is in every layer
	}
	top := len(shared(leaves[0].path, leaves[len(leaves)-1].path))
	var all []string
	for from := 0; from < len(leaves); {
		name, _, _ := strings.Cut(leaves[from].path[top:], "/")
		to := from + 1
		for to < len(leaves) && strings.HasPrefix(leaves[to].path[top:]+"/", name+"/") {
			to++
		}
		text := leaves[from].text
		if to > from+1 {
			text = shared(leaves[from].path, leaves[to-1].path)
		}
		all = append(all, strings.Map(printable, text))
		from = to
	}
	return all
}

// shared returns the directory, with a trailing "/", that contains both paths. If they are the first and the last path
// in byte order, it also contains all paths between them.
func shared(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return a[:strings.LastIndexByte(a[:n], '/')+1]
}

// list joins as many names as fit into size bytes, and counts the others.
func list(names []string, size int) string {
	var b strings.Builder
	for i, name := range names {
		rest := ""
		if left := len(names) - 1 - i; left > 0 {
			rest = fmt.Sprintf(" and %d more", left)
		}
		if i == 0 {
			name = shorten(name, size-len(rest))
		} else if b.Len()+len(" ")+len(name)+len(rest) > size {
			fmt.Fprintf(&b, " and %d more", len(names)-i)
			break
		} else {
			b.WriteByte(' ')
		}
		b.WriteString(name)
	}
	return b.String()
}

// shorten truncates a name of more than size bytes.
func shorten(name string, size int) string {
	const mark = "..."
	if len(name) <= size {
		return name
	}
	return strings.ToValidUTF8(name[:size-len(mark)], "") + mark
}

// printable replaces characters that a terminal would not show, or would obey.
func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return '?'
}

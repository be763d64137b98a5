package tree

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// parse makes an entry from a line: a letter for the kind, "+" if it follows symlinks, a path, and after ">" a symlink's
// target or a file's content. Files with the letter "h" and the same content are one file.
func parse(line string) (Entry, bool) {
	head, path, ok := strings.Cut(line, " ")
	letter, follow := strings.CutSuffix(head, "+")
	kind := strings.Index("fdscbpwoh", letter)
	if !ok || len(letter) != 1 || kind < 0 {
		return Entry{}, false
	}
	path, rest, _ := strings.Cut(path, ">")
	e := Entry{Path: path, Kind: Kind(kind), Follow: follow, Origin: "in"}
	switch {
	case letter == "h":
		e.Kind, e.Content, e.Inode = File, text(rest), rest
	case e.Kind == Symlink:
		e.Target = rest
	case e.Kind == File:
		e.Content = text(rest)
	}
	return e, true
}

// sound returns an error if the entries do not form a valid layer.
func sound(entries []*Entry) error {
	kinds := make(map[string]Kind)
	for i, e := range entries {
		if clean, err := Clean(e.Path); clean != e.Path || err != nil {
			return errors.New(e.Path + " is not clean")
		}
		if i > 0 && entries[i-1].Name() >= e.Name() {
			return errors.New(e.Name() + " does not come after " + entries[i-1].Name())
		}
		key := e.key()
		if _, ok := kinds[key]; ok {
			return errors.New(key + " occurs twice")
		}
		if dir := parent(key); dir != "" && dir != "/" && kinds[dir] != Dir {
			return errors.New(key + " has no parent directory")
		}
		kinds[key] = e.Kind
		if e.Kind == Hardlink && (e.Content != nil || kinds["/"+e.Target] != File) {
			return errors.New(key + " is not a link to an earlier file")
		}
	}
	return nil
}

// Any entries become a valid layer, the same one in any order, or are rejected.
func FuzzBuild(f *testing.F) {
	f.Add("d /a\nf /a/b>x\nf a//b>x\nh /h>y\nh /g>y\ns /l>../x\nw /old\no /a\np /pipe\nc /null\nb /sda")
	f.Add("s /lib>usr/lib\nf+ /lib/x>1\nd+ /lib/\ns+ /usr/lib/y>../../lib/x\nf+ /lib/y/z>2")
	f.Add("s+ /a>b\ns+ /b>a\nf+ /a/c")
	f.Fuzz(func(t *testing.T, lines string) {
		for _, policy := range []Duplicates{Refuse, First, Last} {
			one, other := Builder{Same: sameText, Duplicates: policy}, Builder{Same: sameText}
			var added []Entry
			for line := range strings.SplitSeq(lines, "\n") {
				if e, ok := parse(line); ok && one.Add(e) == nil {
					added = append(added, e)
				}
			}
			all, err := one.Build()
			if err == nil {
				err = sound(all)
				if err != nil {
					t.Fatal(err)
				}
			}
			if policy != Refuse {
				continue
			}
			slices.Reverse(added)
			for _, e := range added {
				if err := other.Add(e); err != nil {
					t.Fatal(err)
				}
			}
			reversed, errReversed := other.Build()
			if (err == nil) != (errReversed == nil) || !slices.EqualFunc(all, reversed, sameEntry) {
				t.Fatalf("in another order: %v, %d entries, not %v, %d", errReversed, len(reversed), err, len(all))
			}
		}
	})
}

func sameEntry(a, b *Entry) bool {
	return a.Name() == b.Name() && a.differs(b) == "" && a.Content == b.Content
}

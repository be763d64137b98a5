package tree

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// text is a content that is compared by its value and never opened.
type text string

func (text) Open() (io.ReadCloser, int64, error) { return nil, 0, errors.New("opened") }

func sameText(a, b Content) (bool, error) {
	if a == text("unreadable") {
		return false, errors.New("unreadable")
	}
	return a == b, nil
}

// list builds the entries and renders each as a line: name, mode, owner, seconds, target, origin.
func list(b *Builder, entries ...Entry) (string, error) {
	b.Same = sameText
	for i, e := range entries {
		if e.Origin == "" {
			e.Origin = fmt.Sprintf("in%d", i)
		}
		if err := b.Add(e); err != nil {
			return "", err
		}
	}
	all, err := b.Build()
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, e := range all {
		mode := "auto"
		if e.Mode.Known() {
			mode = fmt.Sprintf("%04o", e.Mode.Bits())
		}
		fmt.Fprintf(&out, "%s %s %d:%d", e.Name(), mode, e.UID, e.GID)
		if e.User+e.Group != "" {
			fmt.Fprintf(&out, " %s:%s", e.User, e.Group)
		}
		if s := e.ModTime.Unix(); s != 0 {
			fmt.Fprintf(&out, " @%d", s)
		}
		if e.Target != "" {
			fmt.Fprintf(&out, " -> %s", e.Target)
		}
		fmt.Fprintf(&out, " %s\n", e.Origin)
	}
	return out.String(), nil
}

func check(t *testing.T, got string, err error, want string) {
	t.Helper()
	want = strings.TrimPrefix(want, "\n")
	if err != nil || got != want {
		t.Errorf("got %v\n%s\nwant\n%s", err, got, want)
	}
}

func checkError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("got error\n%v\nwant\n%s", err, want)
	}
}

func TestBuildOrderAndParents(t *testing.T) {
	got, err := list(&Builder{},
		Entry{Path: "/a/c/file", Content: text("x")},
		Entry{Path: "a-b"},
		Entry{Path: "/a0", Mode: Perm(0)},
		Entry{Path: "/a/c", Kind: Dir, Mode: Perm(0o7700)},
		Entry{Path: "/usr//lib/./l", Kind: Symlink, Target: "../x", Mode: Perm(0o600)},
		Entry{Path: "/a/c/empty/", Kind: Dir},
	)
	check(t, got, err, `
a-b auto 0:0 in1
a/ 0755 0:0 in3
a/c/ 7700 0:0 in3
a/c/empty/ 0755 0:0 in5
a/c/file auto 0:0 in0
a0 0000 0:0 in2
usr/ 0755 0:0 in4
usr/lib/ 0755 0:0 in4
usr/lib/l 0777 0:0 -> ../x in4
`)
}

func TestBuildRoot(t *testing.T) {
	got, err := list(&Builder{}, Entry{Path: "/x"}, Entry{Path: "/", Kind: Dir})
	check(t, got, err, "\n./ 0755 0:0 in1\nx auto 0:0 in0\n")
	_, err = list(&Builder{}, Entry{Path: "//"})
	checkError(t, err, `image path "//" (from in0): the root cannot be a file`)
}

func TestBuildModTime(t *testing.T) {
	b := &Builder{ModTime: time.Unix(5, 0)}
	got, err := list(b, Entry{Path: "/d/x"}, Entry{Path: "/d/y", ModTime: time.Unix(-7, 0)})
	check(t, got, err, `
d/ 0755 0:0 @5 in0
d/x auto 0:0 @5 in0
d/y auto 0:0 @-7 in1
`)
}

func TestBuildTwoOrigins(t *testing.T) {
	same := func(e Entry) []Entry { return []Entry{e, {Path: "/z"}, e} }
	for _, entries := range [][]Entry{
		same(Entry{Path: "/a", Content: text("x"), Origin: "o"}),
		same(Entry{Path: "/a", Kind: Dir, Origin: "o"}),
		same(Entry{Path: "/a", Kind: Symlink, Target: "t", Origin: "o"}),
	} {
		got, err := list(&Builder{}, entries...)
		if err != nil || strings.Count(got, "\n") != 2 {
			t.Errorf("got %v\n%s\nwant two entries", err, got)
		}
	}
	for want, second := range map[string]Entry{
		"contents":           {Content: text("y")},
		"kinds":              {Kind: Dir},
		"modes":              {Content: text("x"), Mode: Perm(0o644)},
		"owners":             {Content: text("x"), UID: 1},
		"modification times": {Content: text("x"), ModTime: time.Unix(1, 0)},
	} {
		second.Path = "a"
		_, err := list(&Builder{}, Entry{Path: "/a", Content: text("x")}, second)
		checkError(t, err, "/a: two inputs with different "+want+": in0 and in1")
	}
	link := Entry{Path: "/a", Kind: Symlink, Target: "x"}
	_, err := list(&Builder{}, link, Entry{Path: "/a", Kind: Symlink, Target: "y"})
	checkError(t, err, "/a: two inputs with different link targets: in0 and in1")
	_, err = list(&Builder{}, Entry{Path: "/a", Content: text("unreadable")}, Entry{Path: "/a", Content: text("x")})
	checkError(t, err, "/a: comparing its two origins: unreadable")
}

func TestBuildParentIsNotDirectory(t *testing.T) {
	for _, first := range []Entry{{Path: "/a/b"}, {Path: "/a/b", Kind: Symlink, Target: "c"}} {
		_, err := list(&Builder{}, first, Entry{Path: "/a/b/c/d"})
		checkError(t, err, fmt.Sprintf("/a/b: a %s (from in0), but /a/b/c/d (from in1) needs a directory there", first.Kind))
	}
}

func TestAddRefused(t *testing.T) {
	for want, e := range map[string]Entry{
		`image path "" (from in0): the path is empty`:                           {},
		`image path "/l" (from in0): the link target is empty`:                  {Path: "/l", Kind: Symlink},
		`image path "/l" (from in0): link target: contains a NUL byte`:          {Path: "/l", Kind: Symlink, Target: "a\x00"},
		`image path "/a/../b" (from in0): ".." is not allowed in an image path`: {Path: "/a/../b"},
	} {
		_, err := list(&Builder{}, e)
		checkError(t, err, want)
	}
}

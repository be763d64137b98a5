package tree

import (
	"path"
	"strings"
	"testing"
)

func TestClean(t *testing.T) {
	long := strings.Repeat("x", 255)
	for in, want := range map[string]string{
		"/":              "/",
		"./":             "/",
		"//":             "/",
		"/a":             "/a",
		"a":              "/a",
		"a/":             "/a",
		"/a//b/./c/":     "/a/b/c",
		"/a/b":           "/a/b",
		"/..a/b..":       "/..a/b..",
		"/wh.a/a.wh.":    "/wh.a/a.wh.",
		"/ünï/\n=\\ x":   "/ünï/\n=\\ x",
		"/" + long + "/": "/" + long,
	} {
		if got, err := Clean(in); got != want || err != nil {
			t.Errorf("Clean(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for in, problem := range map[string]string{
		"":                               "the path is empty",
		"..":                             `".." is not allowed`,
		"/a/../b":                        `".." is not allowed`,
		"/a/.wh.b":                       `names that start with ".wh."`,
		"/.wh..wh..opq":                  `names that start with ".wh."`,
		"/a\x00b":                        "NUL",
		"/a\xffb":                        "UTF-8",
		"/" + long + "x":                 "longer than 255 bytes",
		strings.Repeat("/"+long, 17):     "longer than 4095 bytes",
		strings.Repeat("/", 4096):        "longer than 4095 bytes",
		"/a/" + strings.Repeat("../", 3): `".." is not allowed`,
	} {
		if got, err := Clean(in); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("Clean(%.20q) = %q, %v; want an error with %q", in, got, err, problem)
		}
	}
}

func TestParent(t *testing.T) {
	for in, want := range map[string]string{"/": "", "/a": "/", "/a/b": "/a", "/a/b/c": "/a/b"} {
		if got := parent(in); got != want {
			t.Errorf("parent(%q) = %q, want %q", in, got, want)
		}
	}
}

// An accepted path is cleaned as by the standard library, and cleaning it again does not change it.
func FuzzClean(f *testing.F) {
	for _, seed := range []string{"/", "a/b", "/a//b/./c/", "..", "/.wh.x", "/ü/\n", "/a\xff", "./.", "/a/b/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, err := Clean(in)
		if err != nil {
			return
		}
		if want := path.Clean("/" + in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
		if again, err := Clean(got); again != got || err != nil {
			t.Errorf("Clean(%q) = %q, %v; want no change", got, again, err)
		}
		if strings.Contains(got+"/", "/../") || strings.Contains(got, "/.wh.") {
			t.Errorf("Clean(%q) = %q, which is not safe", in, got)
		}
	})
}

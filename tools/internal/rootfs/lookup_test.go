package rootfs

import (
	"bytes"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tarfile"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

func TestLookup(t *testing.T) {
	m := newMerger(maxMemory)
	for i, e := range []*tree.Entry{
		{Path: "/usr/lib", Kind: tree.Dir}, {Path: "/usr/lib/a", Kind: tree.File}, {Path: "/lib", Kind: tree.Symlink, Target: "usr/lib/"},
		{Path: "/b", Kind: tree.Symlink, Target: "/lib/a"}, {Path: "/usr/up", Kind: tree.Symlink, Target: "../../lib/.."},
		{Path: "/root", Kind: tree.Symlink, Target: "/"}, {Path: "/usr/root", Kind: tree.Symlink, Target: "//"},
		{Path: "/loop", Kind: tree.Symlink, Target: "loop"}, {Path: "/none", Kind: tree.Symlink, Target: "nothing"},
	} {
		if err := m.collect(i, e, tarfile.NewReader(bytes.NewReader(nil))); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.apply(0); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/": "/", "": "/", "/usr/lib/a": "/usr/lib/a", "/lib/a": "/usr/lib/a", "/b": "/usr/lib/a", "/lib": "/usr/lib",
		"/lib/": "/usr/lib", "/usr/up": "/usr", "/usr/up/lib/a": "/usr/lib/a", "/root": "/", "/root/b": "/usr/lib/a", "/usr/root": "/",
		"/..": "/", "/usr/.": "/usr", "/none": "", "/none/x": "", "/usr/lib/a/x": "", "/nothing": "", "/nothing/x": "",
	} {
		n, err := m.lookup(path)
		got := ""
		if n != nil {
			got = n.path
		}
		if got != want || err != nil {
			t.Errorf("%q: got %q, %v; want %q", path, got, err, want)
		}
	}
	for _, path := range []string{"/loop", "/loop/x"} {
		if n, err := m.lookup(path); err != errLoop {
			t.Errorf("%q: got %v, %v", path, n, err)
		}
	}
}

package shape

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

func dir(mode uint32, uid uint32, implied bool) Dir {
	return Dir{Mode: Mode(mode), UID: uid, GID: uid, Implied: implied}
}

func dirs(mode uint32, implied bool, paths ...string) map[string]Dir {
	all := make(map[string]Dir)
	for _, path := range paths {
		all[path] = dir(mode, 0, implied)
	}
	return all
}

// entries builds a layer.
func entries(t *testing.T, rules tree.Rules, add ...tree.Entry) []*tree.Entry {
	t.Helper()
	b := tree.Builder{Rules: rules}
	for _, e := range add {
		if err := b.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	built, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return built
}

func TestOf(t *testing.T) {
	var rules tree.Rules
	for _, err := range []error{
		rules.Mode("/stated", tree.Perm(0o700)), rules.Owner("/owned/x", 5, 5), rules.Owner("/glob/**", 7, 7),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	got := Of(entries(t, rules,
		tree.Entry{Path: "/a/b/file"},
		tree.Entry{Path: "/stated/file"},
		tree.Entry{Path: "/owned/x/file"},
		tree.Entry{Path: "/glob/file"},
		tree.Entry{Path: "/both", Kind: tree.Dir, Implied: true},
		tree.Entry{Path: "/both", Kind: tree.Dir},
		tree.Entry{Path: "/tree/sub", Kind: tree.Dir, Implied: true},
		tree.Entry{Path: "/lib", Kind: tree.Symlink, Target: "usr/lib"},
		tree.Entry{Path: "/a/to-file", Kind: tree.Symlink, Target: "b/file"},
		tree.Entry{Path: "/to-file", Kind: tree.Symlink, Target: "/a/b/../b/file"},
		tree.Entry{Path: "/to-link", Kind: tree.Symlink, Target: "to-file"},
		tree.Entry{Path: "/loop", Kind: tree.Symlink, Target: "loop"},
		tree.Entry{Path: "/to-dir", Kind: tree.Symlink, Target: "a/b"},
		tree.Entry{Path: "/gone/x", Kind: tree.Whiteout},
		tree.Entry{Path: "/empty", Kind: tree.Opaque},
	), nil)
	want := &Shape{
		Removed:  []string{"/gone/x"},
		Emptied:  []string{"/empty"},
		Symlinks: map[string]string{"/lib": "usr/lib", "/to-dir": "a/b", "/loop": "loop"},
		Dirs:     dirs(0o755, true, "/a", "/a/b", "/owned", "/tree", "/tree/sub", "/gone", "/empty"),
	}
	want.Dirs["/stated"] = dir(0o700, 0, false)
	want.Dirs["/owned/x"] = dir(0o755, 5, false)
	want.Dirs["/glob"] = dir(0o755, 7, true)
	want.Dirs["/both"] = dir(0o755, 0, false)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestPut(t *testing.T) {
	base := Shape{
		Symlinks: map[string]string{"/lib": "usr/lib", "/opt/v": "v1"},
		Dirs: map[string]Dir{
			"/tmp": dir(0o1777, 0, false), "/home/app": dir(0o700, 1000, false), "/home/app/x": dir(0o700, 1000, false),
		},
	}
	for _, c := range []struct {
		name    string
		layer   Shape
		clashes []string
		after   Shape // the stack with the layer on top
	}{
		{"implied", Shape{Dirs: dirs(0o755, true, "/lib", "/lib/x", "/tmp", "/home", "/home/app", "/usr")}, []string{
			"the layer implies the directory /home/app with 0755 0:0, which has 0700 1000:1000 below",
			"the layer implies the directory /lib, which is a symlink to usr/lib below",
			"the layer implies the directory /tmp with 0755 0:0, which has 1777 0:0 below",
		}, Shape{Symlinks: map[string]string{"/opt/v": "v1"}, Dirs: map[string]Dir{"/home/app/x": dir(0o700, 1000, false)}}},
		{"stated", Shape{Dirs: dirs(0o755, false, "/lib", "/tmp", "/home/app")}, nil,
			Shape{Symlinks: map[string]string{"/opt/v": "v1"}, Dirs: map[string]Dir{"/home/app/x": dir(0o700, 1000, false)}}},
		{"implied as it is", Shape{Dirs: dirs(0o1777, true, "/tmp")}, nil, base},
		{"removed", Shape{Removed: []string{"/home/app"}}, nil,
			Shape{Symlinks: base.Symlinks, Dirs: map[string]Dir{"/tmp": dir(0o1777, 0, false)}}},
		{"emptied", Shape{Emptied: []string{"/home/app", "/opt"}, Dirs: dirs(0o755, true, "/opt", "/opt/v")}, nil,
			Shape{Symlinks: map[string]string{"/lib": "usr/lib"},
				Dirs: map[string]Dir{"/tmp": dir(0o1777, 0, false), "/home/app": dir(0o700, 1000, false)}}},
		{"emptied at the root", Shape{Emptied: []string{"/"}, Dirs: dirs(0o755, true, "/tmp", "/lib")}, nil, Shape{}},
		{"symlink over a directory", Shape{Symlinks: map[string]string{"/home/app": "/srv"}}, nil, Shape{
			Symlinks: map[string]string{"/lib": "usr/lib", "/opt/v": "v1", "/home/app": "/srv"},
			Dirs:     map[string]Dir{"/tmp": dir(0o1777, 0, false)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stack Shape
			if clashes := stack.Put(&base); clashes != nil {
				t.Fatalf("the base clashes with nothing: %v", clashes)
			}
			var got []string
			for _, clash := range stack.Put(&c.layer) {
				got = append(got, clash.String())
			}
			if !reflect.DeepEqual(got, c.clashes) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.clashes, "\n"))
			}
			if text(t, &stack) != text(t, &c.after) {
				t.Errorf("the stack is %s, want %s", text(t, &stack), text(t, &c.after))
			}
		})
	}
}

// TestOnlyImplied: a directory that a lower layer of the same image implied does not clash with the next layer.
func TestOnlyImplied(t *testing.T) {
	var stack Shape
	for range 2 {
		if clashes := stack.Put(&Shape{Dirs: dirs(0o755, true, "/app")}); clashes != nil {
			t.Error(clashes)
		}
	}
	if got := text(t, &stack); got != `{"version":1}`+"\n" {
		t.Errorf("plain directories are in the stack: %s", got)
	}
}

func TestBars(t *testing.T) {
	for _, c := range []struct {
		dir  Dir
		uid  int64
		want bool
	}{
		{dir(0o755, 0, false), 1000, false},
		{dir(0o711, 0, false), 1000, false},
		{dir(0o700, 0, false), 1000, true},
		{dir(0o744, 0, false), 1000, true},
		{dir(0o700, 1000, false), 1000, false},
		{dir(0o600, 1000, false), 1000, true},
		{dir(0o750, 0, false), 1000, false}, // the user may be in the group
		{dir(0o700, 0, false), -1, true},
		{dir(0o700, 5, false), -1, false}, // the name may be that of user 5
	} {
		if got := c.dir.Bars(c.uid); got != c.want {
			t.Errorf("%s bars %d: %t", c.dir, c.uid, got)
		}
	}
}

func TestFix(t *testing.T) {
	stack := Shape{Symlinks: map[string]string{"/usr/x": "../y"}, Dirs: map[string]Dir{
		"/tmp": dir(0o1777, 0, false), "/home": dir(0o755, 7, false),
	}}
	clashes := stack.Put(&Shape{Dirs: dirs(0o755, true, "/tmp", "/home", "/usr/x")})
	want := `dirs = ["/usr/x"], modes = {"/tmp": "1777"}, owners = {"/home": "7:7"}`
	if got := Fix(clashes); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := clashes[2].Instead(); got != "/y" {
		t.Errorf("got %s", got)
	}
}

// text returns the contents of a shape's file, and reads it again to check that nothing is lost.
func text(t *testing.T, s *Shape) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shape.json")
	if err := s.Write(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Write(path); err != nil {
		t.Fatal(err)
	}
	if twice, err := os.ReadFile(path); err != nil || string(twice) != string(data) {
		t.Errorf("%s became %s, %v", data, twice, err)
	}
	return string(data)
}

func TestReadRefuses(t *testing.T) {
	for document, want := range map[string]string{
		``:              "empty document",
		`{}`:            "version 0, expected 1",
		`{"version":2}`: "version 2, expected 1",
		`{"version":1,"dirs":{"tmp":{"mode":"0755"}}}`:  `"tmp" is not a clean path in an image`,
		`{"version":1,"removed":["/a/../b"]}`:           `"/a/../b" is not a clean path in an image`,
		`{"version":1,"programs":{"/a/":""}}`:           `"/a/" is not a clean path in an image`,
		`{"version":1,"dirs":{"/tmp":{"mode":"0888"}}}`: `mode "0888": expected an octal number from 0 to 7777`,
	} {
		path := filepath.Join(t.TempDir(), "shape.json")
		if err := os.WriteFile(path, []byte(document), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Read(path)
		if want = path + ": not a shape of layers: " + want; err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", document, err, want)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none")); !os.IsNotExist(err) {
		t.Errorf("got %v", err)
	}
}

package source

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/tree"
)

// disk makes files under root. A name that ends in "/" is a directory, a value "-> X" a symlink to X, in which ROOT
// stands for root.
func disk(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(root, name)
		err := os.MkdirAll(filepath.Dir(path), 0o777)
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			err = errors.Join(err, os.Symlink(strings.ReplaceAll(target, "ROOT", root), path))
		} else if strings.HasSuffix(name, "/") {
			err = errors.Join(err, os.MkdirAll(path, 0o777))
		} else {
			err = errors.Join(err, os.WriteFile(path, []byte(text), 0o777))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// realTempDir is t.TempDir without symlinks in it.
func realTempDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// describe renders an entry: what it holds or where it points.
func describe(t *testing.T, e tree.Entry) string {
	t.Helper()
	switch e.Kind {
	case tree.Symlink:
		return "-> " + e.Target
	case tree.Dir:
		return "directory"
	}
	text, err := os.ReadFile(string(e.Content.(File)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// bazel lays out a workspace, an output base and a sandbox as Bazel does, and enters the sandbox.
func bazel(t *testing.T) string {
	t.Helper()
	root := realTempDir(t)
	disk(t, root, map[string]string{
		"ws/MODULE.bazel":              "",
		"ws/top.txt":                   "top",
		"ws/link":                      "-> top.txt",
		"ws/pkg/file.txt":              "in pkg",
		"ws/pkg/relative":              "-> file.txt",
		"ws/bin/tool":                  "-> ROOT/usr/bin/tool",
		"usr/bin/tool":                 "of the host",
		"ob/execroot/_main/top.txt":    "-> ROOT/ws/top.txt",
		"ob/execroot/_main/link":       "-> ROOT/ws/link",
		"ob/execroot/_main/pkg":        "-> ROOT/ws/pkg",
		"ob/execroot/_main/bin":        "-> ROOT/ws/bin",
		"ob/execroot/_main/out/made":   "made",
		"ob/execroot/_main/out/alias":  "-> ROOT/ob/execroot/_main/out/made",
		"ob/execroot/_main/out/abs":    "-> /etc/nowhere",
		"ob/execroot/_main/out/t/a":    "tree a",
		"ob/execroot/_main/out/t/own":  "-> a",
		"ob/execroot/_main/out/t/e/":   "",
		"ob/external/repo/file":        "external",
		"ob/execroot/_main/external":   "-> ROOT/ob/external",
		"ob/execroot/_main/out/loop":   "-> ROOT/ob/execroot/_main/out/loop",
		"ob/execroot/_main/out/broken": "-> ROOT/ob/execroot/_main/out/gone",
	})
	box := map[string]string{"out/t/e/": "", "out/t/dir": "-> ROOT/ws/pkg", "out/t/own": "-> a"}
	for _, name := range []string{
		"top.txt", "link", "pkg/file.txt", "pkg/relative", "bin/tool", "out/made", "out/alias", "out/loop", "out/broken",
		"out/t/a", "external/repo/file",
	} {
		box[name] = "-> ROOT/ob/execroot/_main/" + name
	}
	box["out/abs"] = "-> /etc/nowhere"                           // an unresolved symlink is made anew
	box["out/cfg/mapped"] = "-> ROOT/ob/execroot/_main/out/made" // path mapping
	sandbox := filepath.Join("ob", "sandbox", "linux-sandbox", "7", "execroot", "_main")
	for name, text := range box {
		disk(t, root, map[string]string{filepath.Join(sandbox, name) + trailing(name): text})
	}
	t.Chdir(filepath.Join(root, sandbox))
	return root
}

func trailing(name string) string {
	if strings.HasSuffix(name, "/") {
		return "/"
	}
	return ""
}

func TestReadInSandboxAndOutside(t *testing.T) {
	root := bazel(t)
	want := map[string]string{
		"top.txt":            "top",
		"link":               "-> top.txt",
		"pkg/file.txt":       "in pkg",
		"pkg/relative":       "-> file.txt",
		"bin/tool":           "-> " + root + "/usr/bin/tool",
		"out/made":           "made",
		"out/alias":          "made",
		"out/abs":            "-> /etc/nowhere",
		"external/repo/file": "external",
	}
	check := func(where string) {
		for name, want := range want {
			e, err := NewReader(workingDir(t)).Read(name)
			if err != nil {
				t.Errorf("%s: %s: %v", where, name, err)
			} else if got := describe(t, e); got != want || e.Origin != name {
				t.Errorf("%s: %s is %q (from %s), want %q", where, name, got, e.Origin, want)
			}
		}
	}
	check("in the sandbox")
	t.Chdir(root + "/ob/execroot/_main")
	check("in the execution root")
}

func TestReadPathMapped(t *testing.T) {
	bazel(t)
	e, err := NewReader(workingDir(t)).Read("out/cfg/mapped")
	if err != nil || describe(t, e) != "made" {
		t.Errorf("got %+v, %v", e, err)
	}
}

// A sandbox may be somewhere else (--sandbox_base): its links are known by the execution root's name.
func TestReadSandboxElsewhere(t *testing.T) {
	root := bazel(t)
	disk(t, root, map[string]string{"shm/box/1/execroot/_main/out/alias": "-> ROOT/ob/execroot/_main/out/alias"})
	t.Chdir(root + "/shm/box/1/execroot/_main")
	e, err := NewReader(workingDir(t)).Read("out/alias")
	if err != nil || describe(t, e) != "made" {
		t.Errorf("got %+v, %v", e, err)
	}
}

func workingDir(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestReadRefused(t *testing.T) {
	bazel(t)
	if err := syscall.Mkfifo("pipe", 0o666); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", "socket")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for src, problem := range map[string]string{
		"pipe":       "pipe: a named pipe cannot be in a layer",
		"socket":     "socket: a socket cannot be in a layer",
		"/dev/null":  "/dev/null: a device cannot be in a layer",
		"out":        "out: a directory, expected a file",
		"gone":       "lstat gone: no such file or directory",
		"out/broken": "out/broken: following the build's own link: lstat",
		"out/loop":   "out/loop: more than 40 links in a row",
	} {
		_, err := NewReader(workingDir(t)).Read(src)
		if err == nil || !strings.HasPrefix(err.Error(), problem) {
			t.Errorf("%s: got %v, want %s", src, err, problem)
		}
	}
	if _, err := NewReader(".").Read("out"); !errors.Is(err, ErrDirectory) {
		t.Errorf("got %v, want ErrDirectory", err)
	}
}

// walk lists a directory as Walk visits it.
func walk(t *testing.T, dir string) ([]string, error) {
	t.Helper()
	var got []string
	err := NewReader(workingDir(t)).Walk(dir, func(name string, e tree.Entry) error {
		if want := strings.TrimSuffix(dir+"/"+name, "/"); e.Origin != want {
			t.Errorf("%q: origin %s, want %s", name, e.Origin, want)
		}
		got = append(got, fmt.Sprintf("%s: %s", name, describe(t, e)))
		return nil
	})
	slices.Sort(got)
	return got, err
}

func TestWalk(t *testing.T) {
	root := bazel(t)
	want := []string{": directory", "a: tree a", "dir: -> " + root + "/ws/pkg", "e: directory", "own: -> a"}
	got, err := walk(t, "out/t")
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
	want = []string{": directory", "file.txt: in pkg", "relative: -> file.txt"}
	t.Chdir(root + "/ob/execroot/_main")
	if got, err := walk(t, "pkg"); err != nil || !slices.Equal(got, want) { // a source directory is itself a link
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
}

// A link that Bazel made leads to a directory, but not back to one that holds it.
func TestWalkLinkedDirectory(t *testing.T) {
	root := bazel(t)
	disk(t, root, map[string]string{
		"ob/execroot/_main/out/u/linked": "-> ROOT/ob/execroot/_main/out/t",
		"ob/execroot/_main/out/v/x":      "-> ROOT/ob/execroot/_main/out/w",
		"ob/execroot/_main/out/w/y/z":    "-> ROOT/ob/execroot/_main/out/v",
	})
	t.Chdir(root + "/ob/execroot/_main")
	want := []string{": directory", "linked/a: tree a", "linked/e: directory", "linked/own: -> a", "linked: directory"}
	if got, err := walk(t, "out/u"); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
	const loop = "out/v/x/y/z: the build's own link leads to a directory that holds it"
	if _, err := walk(t, "out/v"); err == nil || err.Error() != loop {
		t.Errorf("got %v, want %s", err, loop)
	}
}

// Many directories are read at once; all that is in them arrives.
func TestWalkWide(t *testing.T) {
	t.Chdir(t.TempDir())
	want := []string{": directory"}
	files := make(map[string]string)
	for i := range 40 {
		for j := range 5 {
			name := fmt.Sprintf("%d/%d", i, j)
			files["d/"+name+"/f"] = name
			want = append(want, name+": directory", name+"/f: "+name)
		}
		want = append(want, fmt.Sprintf("%d: directory", i))
	}
	disk(t, ".", files)
	slices.Sort(want)
	if got, err := walk(t, "d"); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
}

func TestWalkRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	disk(t, ".", map[string]string{"d/sub/x": "", "d/a": "", "file": ""})
	if err := syscall.Mkfifo("d/sub/pipe", 0o666); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		"d":    "d/sub/pipe: a named pipe cannot be in a layer",
		"file": "file: not a directory",
		"gone": "stat gone: no such file or directory",
	} {
		if _, err := walk(t, dir); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", dir, err, want)
		}
	}
	stop := errors.New("stop")
	err := NewReader(".").Walk("d", func(string, tree.Entry) error { return stop })
	if err != stop {
		t.Errorf("got %v, want the visitor's own error", err)
	}
}

func TestSplitExecRoot(t *testing.T) {
	for dir, want := range map[string]string{
		"/ob/execroot/_main":                          "/ob _main true",
		"/ob/execroot/ws/external/x":                  "/ob ws true",
		"/ob/sandbox/linux-sandbox/12/execroot/_main": "/ob _main true",
		"/sandbox/u/ob/execroot/_main":                "/sandbox/u/ob _main true",
		"/sandbox/a/b/sandbox/proc/1/execroot/_main":  "/sandbox/a/b _main true",
		"/home/execroot/u/ob/execroot/_main":          "/home/execroot/u/ob _main true",
		"/home/u/project":                             "  false",
		"/ob/execroot/":                               "/ob  false",
	} {
		base, name, ok := splitExecRoot(dir)
		if got := fmt.Sprintf("%s %s %v", base, name, ok); got != want {
			t.Errorf("%s: %q, want %q", dir, got, want)
		}
	}
}

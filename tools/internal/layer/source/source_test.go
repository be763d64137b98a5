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

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// disk makes files under root. A name that ends in "/" is a directory, and a value "-> X" is a symlink to X, in which
// ROOT stands for root.
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

// describe renders an entry: its content or its target.
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

// bazel lays out a workspace, an output base and a sandbox as Bazel does, and returns the execution root and the sandbox.
func bazel(t *testing.T) (execRoot, sandbox string) {
	t.Helper()
	root := t.TempDir()
	disk(t, root, map[string]string{
		"ws/pkg/file.txt":             "in pkg",
		"ws/pkg/relative":             "-> file.txt",
		"ws/pkg/chain":                "-> relative",
		"ws/bin/tool":                 "-> ROOT/usr/bin/tool",
		"usr/bin/tool":                "of the host",
		"ob/execroot/_main/pkg":       "-> ROOT/ws/pkg",
		"ob/execroot/_main/bin":       "-> ROOT/ws/bin",
		"ob/execroot/_main/out/made":  "made",
		"ob/execroot/_main/out/alias": "-> ROOT/ob/execroot/_main/out/made",
		"ob/execroot/_main/out/prog":  "-> ROOT/ws/pkg/file.txt",
		"ob/execroot/_main/out/raw":   "-> made",
		"ob/execroot/_main/out/abs":   "-> /no/where",
		"ob/execroot/_main/out/t/a":   "tree a",
		"ob/execroot/_main/out/t/own": "-> a",
		"ob/execroot/_main/out/t/e/":  "",
		"ob/external/repo/file":       "external",
		"ob/execroot/_main/external":  "-> ROOT/ob/external",
	})
	box := map[string]string{"out/raw": "-> made", "out/abs": "-> /no/where"} // a sandbox repeats declared links
	for _, name := range []string{
		"pkg/file.txt", "pkg/relative", "pkg/chain", "bin/tool", "out/made", "out/alias", "out/prog", "out/t/a", "out/t/own",
		"external/repo/file",
	} {
		box[name] = "-> ROOT/ob/execroot/_main/" + name
	}
	execRoot, sandbox = filepath.Join(root, "ob/execroot/_main"), filepath.Join(root, "anywhere")
	for name, text := range box {
		disk(t, root, map[string]string{"anywhere/" + name: text})
	}
	return execRoot, sandbox
}

// An input is the file that its links resolve to, and a declared link stays a link, inside and outside a sandbox.
func TestReadInSandboxAndOutside(t *testing.T) {
	execRoot, sandbox := bazel(t)
	for _, dir := range []string{execRoot, sandbox} {
		t.Chdir(dir)
		for name, want := range map[string]string{
			"pkg/file.txt":       "in pkg",
			"pkg/relative":       "in pkg",
			"pkg/chain":          "in pkg",
			"bin/tool":           "of the host",
			"out/made":           "made",
			"out/alias":          "made",
			"out/prog":           "in pkg",
			"out/raw":            "made",
			"out/t/own":          "tree a",
			"external/repo/file": "external",
		} {
			e, err := Read(name)
			if err != nil {
				t.Errorf("%s: %s: %v", dir, name, err)
			} else if got := describe(t, e); got != want || e.Origin != name {
				t.Errorf("%s: %s is %q (from %s), want %q", dir, name, got, e.Origin, want)
			}
		}
		for name, want := range map[string]string{"out/raw": "-> made", "out/abs": "-> /no/where"} {
			e, err := ReadLink(name)
			if err != nil || describe(t, e) != want || e.Origin != name {
				t.Errorf("%s: %s is %+v, %v, want %q", dir, name, e, err, want)
			}
		}
	}
}

func TestReadRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	disk(t, ".", map[string]string{
		"dir/": "", "todir": "-> dir", "file": "", "broken": "-> /no/where", "chain": "-> broken", "loop": "-> pool",
		"pool": "-> loop",
	})
	if err := syscall.Mkfifo("pipe", 0o666); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", "socket")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for src, problem := range map[string]string{
		"pipe":      "pipe: a named pipe, expected a regular file",
		"socket":    "socket: a socket, expected a regular file",
		"/dev/null": "/dev/null: a device, expected a regular file",
		"dir":       "dir: a directory, expected a file",
		"todir":     "todir: a directory, expected a file",
		"gone":      "stat gone: no such file or directory",
		"broken":    "broken: a dangling symlink",
		"chain":     "chain: a dangling symlink",
		"loop":      "stat loop: too many levels of symbolic links",
	} {
		if _, err := Read(src); err == nil || err.Error() != problem {
			t.Errorf("%s: got %v, want %s", src, err, problem)
		}
	}
	if _, err := Read("dir"); !errors.Is(err, ErrDirectory) {
		t.Errorf("got %v, want ErrDirectory", err)
	}
	if e, err := ReadLink("file"); err == nil {
		t.Errorf("got %+v for a regular file", e)
	}
}

// walk lists a directory as Walk visits it.
func walk(t *testing.T, dir string) ([]string, error) {
	t.Helper()
	var got []string
	err := Walk(dir, func(name string, e tree.Entry) error {
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
	execRoot, sandbox := bazel(t)
	want := []string{": directory", "a: tree a", "own: tree a"}
	t.Chdir(sandbox)
	if got, err := walk(t, "out/t"); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
	t.Chdir(execRoot)
	want = []string{": directory", "a: tree a", "e: directory", "own: tree a"}
	if got, err := walk(t, "out/t"); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
	want = []string{": directory", "chain: in pkg", "file.txt: in pkg", "relative: in pkg"}
	if got, err := walk(t, "pkg"); err != nil || !slices.Equal(got, want) { // a source directory is itself a link
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
}

// A link may lead to a directory, but not to one that contains it.
func TestWalkLinkedDirectory(t *testing.T) {
	t.Chdir(t.TempDir())
	disk(t, ".", map[string]string{
		"t/a":      "tree a",
		"t/e/":     "",
		"u/linked": "-> ../t",
		"u/again":  "-> linked",
		"v/x":      "-> ../w",
		"w/y/z":    "-> ../../v",
		"self/x":   "-> .",
	})
	want := []string{": directory", "again/a: tree a", "again/e: directory", "again: directory", "linked/a: tree a",
		"linked/e: directory", "linked: directory"}
	if got, err := walk(t, "u"); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
	for dir, link := range map[string]string{"v": "v/x/y/z", "w": "w/y/z/x", "self": "self/x"} {
		if _, err := walk(t, dir); !errors.Is(err, ErrEndless) || !strings.HasPrefix(err.Error(), link+": ") {
			t.Errorf("%s: got %v, want ErrEndless of %s", dir, err, link)
		}
	}
}

// Many directories are read at once; all of their contents arrive.
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
	disk(t, ".", map[string]string{"d/sub/x": "", "d/a": "", "file": "", "l/broken": "-> gone", "o/loop": "-> loop"})
	if err := syscall.Mkfifo("d/sub/pipe", 0o666); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		"d":    "d/sub/pipe: a named pipe, expected a regular file",
		"file": "file: not a directory",
		"gone": "stat gone: no such file or directory",
		"l":    "l/broken: a dangling symlink",
		"o":    "stat o/loop: too many levels of symbolic links",
	} {
		if _, err := walk(t, dir); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", dir, err, want)
		}
	}
	stop := errors.New("stop")
	err := Walk("d", func(string, tree.Entry) error { return stop })
	if err != stop {
		t.Errorf("got %v, want the visitor's error", err)
	}
}

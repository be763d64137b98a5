package launch

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// tree makes directories, whose names end in a slash, and files below a new directory, which it returns.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(path, 0o755); err != nil {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestArgs(t *testing.T) {
	const text = "--root=%runfiles%/x\n\n%runfiles%=%runfiles%\n"
	tests := []struct {
		name       string
		files      map[string]string
		executable string
		runfiles   string // $RUNFILES_DIR below the tree
		want       string // the arguments joined by |, DIR for the tree
		err        string
	}{
		{"no .args file", nil, "tool", "", "own|a b", ""},
		{"runfiles beside it", map[string]string{"tool.args": text, "tool.runfiles/": "", "r/": ""}, "tool", "r",
			"--root=DIR/tool.runfiles/x||DIR/tool.runfiles=DIR/tool.runfiles|own|a b", ""},
		{"runfiles around it", map[string]string{"o.runfiles/_main/p/tool.args": text, "r/": ""},
			"o.runfiles/_main/p/tool", "r",
			"--root=DIR/o.runfiles/x||DIR/o.runfiles=DIR/o.runfiles|own|a b", ""},
		{"runfiles told", map[string]string{"tool.args": text, "r/": ""}, "tool", "r",
			"--root=DIR/r/x||DIR/r=DIR/r|own|a b", ""},
		{"no line feed at the end", map[string]string{"tool.args": "--x", "r/": ""}, "tool", "r", "--x|own|a b", ""},
		{"no argument", map[string]string{"tool.args": "", "r/": ""}, "tool", "r", "own|a b", ""},
		{"no runfiles needed", map[string]string{"tool.args": "--x"}, "tool", "none", "--x|own|a b", ""},
		{"no runfiles", map[string]string{"tool.args": text, "tool.runfiles": "a file"}, "tool", "none", "",
			`DIR/tool: no runfiles directory; start it with "bazel run"`},
		{"unreadable", map[string]string{"tool.args/": ""}, "tool", "", "", "read DIR/tool.args: is a directory"},
	}
	for _, test := range tests {
		root := tree(t, test.files)
		getenv := func(name string) string {
			if name != "RUNFILES_DIR" || test.runfiles == "" {
				return ""
			}
			return filepath.Join(root, test.runfiles)
		}
		got, err := args(filepath.Join(root, test.executable), getenv, []string{"own", "a b"})
		if test.err != "" {
			if want := strings.ReplaceAll(test.err, "DIR", root); err == nil || err.Error() != want {
				t.Errorf("%s: %q, error %v, want %s", test.name, got, err, want)
			}
			continue
		}
		want := strings.Split(strings.ReplaceAll(test.want, "DIR", root), "|")
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q, %v\nwant %q", test.name, got, err, want)
		}
	}
}

// The execution root is known from where the executable really is, and is nothing that exists if that is elsewhere.
func TestExecroot(t *testing.T) {
	root, err := filepath.EvalSymlinks(tree(t, map[string]string{
		"bazel-out/old/execroot/_main/bazel-out/k8/bin/p/push": "", "deployed/p/push": "",
	}))
	if err != nil {
		t.Fatal(err)
	}
	execroot := filepath.Join(root, "bazel-out/old/execroot/_main")
	if err := os.Symlink(filepath.Join(execroot, "bazel-out/k8/bin"), filepath.Join(root, "bazel-bin")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"bazel-out/old/execroot/_main/bazel-out/k8/bin/p/push": execroot,
		"bazel-bin/p/push": execroot,
		"deployed/p/push":  "%execroot%",
	} {
		path = filepath.Join(root, path)
		const text = "--layer=%runfiles%/d=%execroot%/bazel-out/b\n"
		if err := os.WriteFile(path+".args", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		all := []string{"--layer=" + root + "/d=" + want + "/bazel-out/b"}
		if got, err := args(path, func(string) string { return root }, nil); err != nil || !reflect.DeepEqual(got, all) {
			t.Errorf("%s: %q, %v\nwant %q", path, got, err, all)
		}
	}
}

// The test binary has no .args file beside it.
func TestArgsOfProcess(t *testing.T) {
	if got, err := Args(); err != nil || !reflect.DeepEqual(got, os.Args[1:]) {
		t.Errorf("%q, %v, want %q", got, err, os.Args[1:])
	}
}

func TestLines(t *testing.T) {
	root := tree(t, map[string]string{"more": "--root=%runfiles%/x\n--y\n", "r/": ""})
	t.Setenv("RUNFILES_DIR", filepath.Join(root, "r"))
	want := []string{"--root=" + filepath.Join(root, "r") + "/x", "--y"}
	got, err := lines(filepath.Join(root, "more"), filepath.Join(root, "tool"), os.Getenv)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	if _, err := Lines(filepath.Join(root, "none")); !os.IsNotExist(err) {
		t.Errorf("a missing file: error %v", err)
	}
}

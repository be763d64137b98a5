package launch

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// tree makes the files below a new directory, and returns its path without symlinks. A name that ends in a slash is a
// directory, and a text that begins with "-> " makes a symlink. DIR in a text stands for the new directory.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join(root, name)
		text = strings.ReplaceAll(text, "DIR", root)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		target, isLink := strings.CutPrefix(text, "-> ")
		switch {
		case err != nil:
		case strings.HasSuffix(name, "/"):
			err = os.MkdirAll(path, 0o755)
		case isLink:
			err = os.Symlink(target, path)
		default:
			err = os.WriteFile(path, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

const (
	text  = "--root=%runfiles%/x\n"
	other = "--root=%runfiles%/other\n"
)

// The executable of a rule keeps its arguments under other names, through symlinks, and inside other runfiles.
func TestArgs(t *testing.T) {
	tests := []struct {
		name       string
		files      map[string]string
		executable string
		env        string // a variable of the environment: NAME=VALUE
		want       string // the arguments joined by |, DIR for the tree
		err        string
	}{
		{"by hand", nil, "tool", "", "own|a b", ""},
		{"by hand, beside runfiles of its own", map[string]string{"tool.runfiles/x": ""}, "tool", "", "own|a b", ""},
		{"beside it", map[string]string{"tool.args": text, "tool.runfiles/": "", "r/": ""}, "tool", "RUNFILES_DIR=DIR/r",
			"--root=DIR/tool.runfiles/x|own|a b", ""},
		{"beside it, in runfiles", map[string]string{"o.runfiles/_main/p/tool.args": text, "r/": ""},
			"o.runfiles/_main/p/tool", "RUNFILES_DIR=DIR/r", "--root=DIR/o.runfiles/x|own|a b", ""},
		{"beside it, runfiles in the environment", map[string]string{"tool.args": text, "r/": ""}, "tool", "RUNFILES_DIR=DIR/r",
			"--root=DIR/r/x|own|a b", ""},
		{"no line feed at the end", map[string]string{"tool.args": "--x"}, "tool", "", "--x|own|a b", ""},
		{"no argument", map[string]string{"tool.args": ""}, "tool", "", "own|a b", ""},
		{"no runfiles", map[string]string{"tool.args": text, "tool.runfiles": "a file"}, "tool", "", "",
			`DIR/tool.args: no runfiles directory; start it with "bazel run"`},
		{"unreadable", map[string]string{"tool.args/": ""}, "tool", "", "", "read DIR/tool.args: is a directory"},

		{"a sandbox", map[string]string{"bin/p/tool.runfiles/rules_strata.args/_main/p/tool.args": text}, "bin/p/tool", "",
			"--root=DIR/bin/p/tool.runfiles/x|own|a b", ""},
		{"another name", map[string]string{"app/push.runfiles/rules_strata.args/_main/p/tool.args": text}, "app/push", "",
			"--root=DIR/app/push.runfiles/x|own|a b", ""},
		{"a symlink to it", map[string]string{
			"home/deploy": "-> ../bin/tool", "bin/tool": "", "bin/tool.runfiles/rules_strata.args/_main/tool.args": text,
		}, "home/deploy", "", "--root=DIR/bin/tool.runfiles/x|own|a b", ""},
		{"a symlink in a linked directory", map[string]string{
			"home/bin": "-> ../o/bin", "o/bin/deploy": "-> ../tool", "o/tool": "",
			"o/tool.runfiles/rules_strata.args/_main/tool.args": text,
		}, "home/bin/deploy", "", "--root=DIR/o/tool.runfiles/x|own|a b", ""},
		{"a circle", map[string]string{"a": "-> b", "b": "-> a"}, "a", "", "own|a b", ""},

		{"one of several", map[string]string{
			"t.runfiles/rules_strata.args/_main/p/tool.args":  text,
			"t.runfiles/rules_strata.args/_main/p/other.args": other,
		}, "t.runfiles/_main/p/tool", "", "--root=DIR/t.runfiles/x|own|a b", ""},
		{"one of several of the same name", map[string]string{
			"t.runfiles/rules_strata.args/_main/p/tool.args": other,
			"t.runfiles/rules_strata.args/dep+/p/tool.args":  text,
		}, "t.runfiles/dep+/p/tool", "", "--root=DIR/t.runfiles/x|own|a b", ""},
		{"one of several, another name", map[string]string{
			"t.runfiles/rules_strata.args/_main/p/tool.args":  text,
			"t.runfiles/rules_strata.args/_main/p/other.args": other,
			"t.runfiles/_main/w/deploy":                       "-> DIR/bin/w/deploy",
			"bin/w/deploy":                                    "-> DIR/bin/p/tool",
			"bin/p/tool.args":                                 text,
		}, "t.runfiles/_main/w/deploy", "RUNFILES_DIR=DIR/t.runfiles", "--root=DIR/t.runfiles/x|own|a b", ""},
		{"one of several, in the environment", map[string]string{
			"t.runfiles/rules_strata.args/_main/p/tool.args":  text,
			"t.runfiles/rules_strata.args/_main/p/other.args": other,
		}, "bin/p/tool", "RUNFILES_DIR=DIR/t.runfiles", "--root=DIR/t.runfiles/x|own|a b", ""},
		{"none of several", map[string]string{
			"t.runfiles/rules_strata.args/_main/p/tool.args":  text,
			"t.runfiles/rules_strata.args/_main/p/other.args": other,
		}, "t.runfiles/_main/w/deploy", "", "", "DIR/t.runfiles/_main/w/deploy: started without the arguments of its rule: " +
			"DIR/t.runfiles contains those of _main/p/other, _main/p/tool"},
		{"the only one", map[string]string{"t.runfiles/rules_strata.args/_main/p/tool.args": text},
			"t.runfiles/_main/w/deploy", "", "--root=DIR/t.runfiles/x|own|a b", ""},
		{"the only one, in the environment", map[string]string{"t/rules_strata.args/_main/p/tool.args": text}, "w/deploy",
			"RUNFILES_DIR=DIR/t", "--root=DIR/t/x|own|a b", ""},
		{"its own, not those in the environment", map[string]string{
			"tool.runfiles/rules_strata.args/_main/tool.args": text, "t/rules_strata.args/_main/other.args": other,
		}, "tool", "RUNFILES_DIR=DIR/t", "--root=DIR/tool.runfiles/x|own|a b", ""},

		{"a manifest", map[string]string{"tool.runfiles/MANIFEST": "rules_strata.args/_main/p/tool.args DIR/f\nx DIR/y\n",
			"f": text}, "tool", "", "--root=DIR/y|own|a b", ""},
		{"a manifest beside it, and directories", map[string]string{
			"tool.runfiles_manifest": "rules_strata.args/_main/p/tool.args DIR/f\nd DIR/e\n", "f": "--blobs=%runfiles%/d/x\n",
		}, "tool", "", "--blobs=DIR/e/x|own|a b", ""},
		{"a manifest with strange names", map[string]string{
			"tool.runfiles_manifest": "rules_strata.args/_main/p/tool.args DIR/f\n a\\sb\\bc DIR/e\\nf\\bg\n",
			"f":                      "--root=%runfiles%/a b\\c\n",
		}, "tool", "", "--root=DIR/e\nf\\g|own|a b", ""},
		{"a manifest in the environment", map[string]string{"M": "rules_strata.args/_main/p/tool.args DIR/f\nx DIR/y\n", "f": text},
			"p/tool", "RUNFILES_MANIFEST_FILE=DIR/M", "--root=DIR/y|own|a b", ""},
		{"not in the manifest", map[string]string{"tool.runfiles/MANIFEST": "rules_strata.args/_main/p/tool.args DIR/f\n",
			"f": text}, "tool", "", "--root=DIR/tool.runfiles/x|own|a b", ""},

		{"pairs", map[string]string{"a=b/tool.args": "--layer=%runfiles%/x\\=y=%runfiles%/z=\n", "a=b/tool.runfiles/": ""},
			"a=b/tool", "", `--layer=DIR/a\=b/tool.runfiles/x\=y=DIR/a=b/tool.runfiles/z=|own|a b`, ""},
		{"pairs whose key is not a path", map[string]string{"tool.args": "--image=a\\=b:c=%runfiles%/x\n--image=a=b\n",
			"tool.runfiles/": ""}, "tool", "", `--image=a\=b:c=DIR/tool.runfiles/x|--image=a=b|own|a b`, ""},
		{"quoted", map[string]string{"a=b/tool.args": "'--layer=%runfiles%/x\ny=%runfiles%/z '\n'--tag=it'\\''s\n\n@'\n--z\n",
			"a=b/tool.runfiles/": ""},
			"a=b/tool", "", `--layer=DIR/a\=b/tool.runfiles/x` + "\n" + `y=DIR/a=b/tool.runfiles/z |--tag=it's` + "\n\n@|--z|own|a b", ""},
		{"no closing quote", map[string]string{"tool.args": "'--x\n"}, "tool", "", "", "DIR/tool.args: argument 1: no closing quote"},
		{"no path", map[string]string{"tool.args": "--tag=v%runfiles%/x\n\n"}, "tool", "", "--tag=v%runfiles%/x||own|a b", ""},
	}
	for _, test := range tests {
		root := tree(t, test.files)
		inRoot := func(text string) string { return strings.ReplaceAll(text, "DIR", root) }
		getenv := func(name string) string {
			key, value, _ := strings.Cut(test.env, "=")
			if name != key {
				return ""
			}
			return inRoot(value)
		}
		started := filepath.Join(root, test.executable)
		where, err := locate(started, started, getenv)
		var got []string
		if err == nil {
			got, err = where.args([]string{"own", "a b"}, nil)
		}
		if test.err != "" {
			if want := inRoot(test.err); err == nil || err.Error() != want {
				t.Errorf("%s: %q, error %v, want %s", test.name, got, err, want)
			}
			continue
		}
		if want := strings.Split(inRoot(test.want), "|"); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q, %v\nwant %q", test.name, got, err, want)
		}
	}
}

// A tool in the runfiles of a program that is started by hand uses only its own flags.
func TestArgsByHand(t *testing.T) {
	root := tree(t, map[string]string{"t.runfiles/rules_strata.args/_main/p/push.args": "--root=x"})
	for executable, want := range map[string]string{"tools/tool": "--root=y", "p/push": "--root=x --root=y"} {
		started := filepath.Join(root, "t.runfiles/_main", executable)
		where, err := locate(started, started, func(string) string { return "" })
		if err != nil {
			t.Fatal(err)
		}
		got, err := where.args([]string{"--root=y"}, []string{"root"})
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %q, %v, want %s", executable, got, err, want)
		}
	}
}

// A program is found on the PATH, as by a shell.
func TestArgsOnPath(t *testing.T) {
	root := tree(t, map[string]string{"tool": "", "tool.runfiles/rules_strata.args/_main/p/other.args": text})
	if err := os.Chmod(filepath.Join(root, "tool"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", root)
	where, err := locate("tool", filepath.Join(root, "tool"), func(string) string { return "" })
	if want := filepath.Join(root, "tool.runfiles"); err != nil || where.runfiles.dir != want {
		t.Errorf("%+v, %v, want %s", where, err, want)
	}
}

// The execution root is derived from the real path of the executable. If that is elsewhere, the placeholder stays.
func TestExecroot(t *testing.T) {
	root := tree(t, map[string]string{
		"bazel-out/old/execroot/_main/bazel-out/k8/bin/p/push": "", "deployed/p/push": "",
		"bazel-bin":   "-> DIR/bazel-out/old/execroot/_main/bazel-out/k8/bin",
		"home/deploy": "-> DIR/bazel-bin/p/push",
	})
	execroot := filepath.Join(root, "bazel-out/old/execroot/_main")
	for path, want := range map[string]string{
		"bazel-out/old/execroot/_main/bazel-out/k8/bin/p/push": execroot,
		"bazel-bin/p/push": execroot,
		"home/deploy":      execroot,
		"deployed/p/push":  "%execroot%",
	} {
		path = filepath.Join(root, path)
		const text = "--layer=%runfiles%/d=%execroot%/bazel-out/b\n"
		if err := os.WriteFile(path+".args", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		getenv := func(name string) string { return map[string]string{"RUNFILES_DIR": root}[name] }
		where, err := locate(path, path, getenv)
		if err != nil {
			t.Fatal(err)
		}
		all := []string{"--layer=" + root + "/d=" + want + "/bazel-out/b"}
		if got, err := where.args(nil, nil); err != nil || !reflect.DeepEqual(got, all) {
			t.Errorf("%s: %q, %v\nwant %q", path, got, err, all)
		}
	}
}

// The test binary has no arguments of a rule, and the user's directory differs from the working directory.
func TestArgsOfProcess(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(".")
	t.Setenv("BUILD_WORKING_DIRECTORY", dir)
	if got, err := Args("root")(); err != nil || !reflect.DeepEqual(got, os.Args[1:]) {
		t.Errorf("%q, %v, want %q", got, err, os.Args[1:])
	}
	if got, err := os.Getwd(); err != nil || got != dir {
		t.Errorf("the working directory is %s, %v, want %s", got, err, dir)
	}
	t.Setenv("BUILD_WORKING_DIRECTORY", filepath.Join(dir, "none"))
	if _, err := Args("root")(); err == nil || !strings.HasPrefix(err.Error(), "BUILD_WORKING_DIRECTORY: ") {
		t.Errorf("a missing directory: error %v", err)
	}
}

func TestLines(t *testing.T) {
	root := tree(t, map[string]string{"more": "--root=%runfiles%/x\n--y\n"})
	want := []string{"--root=" + filepath.Join(root, "r") + "/x", "--y"}
	where := location{runfiles: runfiles{dir: filepath.Join(root, "r")}}
	if got, err := where.lines(filepath.Join(root, "more")); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	if _, err := Lines(filepath.Join(root, "none")); !os.IsNotExist(err) {
		t.Errorf("a missing file: error %v", err)
	}
}

func TestEnvironment(t *testing.T) {
	env := []string{"HOME=/home", "RUNFILES_MANIFEST_ONLY=1", "RUNFILES_DIR=/other"}
	for _, test := range []struct {
		runfiles runfiles
		want     []string
	}{
		{runfiles{}, env},
		{runfiles{dir: "/a.runfiles"}, []string{"HOME=/home", "RUNFILES_DIR=/a.runfiles", "JAVA_RUNFILES=/a.runfiles"}},
		{runfiles{dir: "/a.runfiles", manifest: "/a.runfiles_manifest"}, []string{
			"HOME=/home", "RUNFILES_DIR=/a.runfiles", "JAVA_RUNFILES=/a.runfiles", "RUNFILES_MANIFEST_FILE=/a.runfiles_manifest",
		}},
	} {
		if got := test.runfiles.environment(env); !slices.Equal(got, test.want) {
			t.Errorf("%+v: %q, want %q", test.runfiles, got, test.want)
		}
	}
}

package environment

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/layer/conda"
)

// pkg returns the facts of a package with paths: "lib/a=CONTENT" is a file, "lib/l>TARGET" a link, "lib/" a directory.
func pkg(name string, paths ...string) conda.Facts {
	f := conda.Facts{Name: name}
	for _, text := range paths {
		p := conda.Path{Path: strings.TrimSuffix(text, "/"), Type: conda.TypeDirectory}
		if file, content, ok := strings.Cut(text, "="); ok {
			p = conda.Path{Path: file, Type: conda.TypeFile, SHA256: content}
		} else if link, target, ok := strings.Cut(text, ">"); ok {
			p = conda.Path{Path: link, Type: conda.TypeLink, Target: target}
		}
		f.Paths = append(f.Paths, p)
	}
	return f
}

func TestCheckPaths(t *testing.T) {
	const clobber = "two packages have different files with the same path: "
	for _, test := range []struct {
		name     string
		packages []conda.Facts
		want     string // with clobber = "error"
		last     string // with clobber = "last"
	}{
		{"none", nil, "", ""},
		{"different paths", []conda.Facts{pkg("a", "lib/a=1"), pkg("b", "lib/b=1")}, "", ""},
		{"the same file", []conda.Facts{pkg("a", "lib/a=1"), pkg("b", "lib/a=1")}, "", ""},
		{"the same link", []conda.Facts{pkg("a", "lib/a>x"), pkg("b", "lib/a>x")}, "", ""},
		{"the same directory", []conda.Facts{pkg("a", "lib/"), pkg("b", "lib/", "lib/x=1"), pkg("c", "lib/")}, "", ""},
		{"files", []conda.Facts{pkg("a", "lib/a=1"), pkg("b", "lib/a=2")}, clobber + "lib/a of a and b", ""},
		{"three files", []conda.Facts{pkg("a", "x=1"), pkg("b", "x=2"), pkg("c", "x=2")}, clobber + "x of a and b", ""},
		{"links", []conda.Facts{pkg("a", "lib/a>x"), pkg("b", "lib/a>y")}, clobber + "lib/a of a and b", ""},
		{"a link and a file", []conda.Facts{pkg("a", "lib/a>x"), pkg("b", "lib/a=1")}, clobber + "lib/a of a and b", ""},
		{"a file, then a directory", []conda.Facts{pkg("a", "lib=1"), pkg("b", "lib/a=1")},
			"lib is a file in a, but b has lib/a: a layer would replace the file", "lib is a file in a, but b has lib/a: a layer would replace the file"},
		{"a directory, then a file", []conda.Facts{pkg("b", "lib/x/a=1"), pkg("a", "lib=1")},
			"lib is a directory in b and a file in a: a layer would hide the directory", "lib is a directory in b and a file in a: a layer would hide the directory"},
		{"a stated directory, then a link", []conda.Facts{pkg("b", "lib/"), pkg("a", "lib>x")},
			"lib is a directory in b and a link in a: a layer would hide the directory", "lib is a directory in b and a link in a: a layer would hide the directory"},
		{"a link, then a stated directory", []conda.Facts{pkg("b", "lib>x"), pkg("a", "lib/")},
			"lib is a link in b and a directory in a: a layer would hide the directory", "lib is a link in b and a directory in a: a layer would hide the directory"},
		{"through a link", []conda.Facts{pkg("a", "lib/x=1", "lib64>lib"), pkg("b", "lib64/y/z=1")},
			"lib64 is a link in a, but b has lib64/y/z: a layer would replace the link", "lib64 is a link in a, but b has lib64/y/z: a layer would replace the link"},
		{"through a later link", []conda.Facts{pkg("b", "lib64/y=1"), pkg("a", "lib64>lib")},
			"lib64 is a directory in b and a link in a: a layer would hide the directory", "lib64 is a directory in b and a link in a: a layer would hide the directory"},
		{"in one package", []conda.Facts{pkg("a", "lib64>lib", "lib64/y=1")},
			"lib64 is a link in a, but a has lib64/y: a layer would replace the link", "lib64 is a link in a, but a has lib64/y: a layer would replace the link"},
		{"the history", []conda.Facts{pkg("a", "conda-meta/history=1")}, clobber + "conda-meta/history of a and the environment",
			clobber + "conda-meta/history of a and the environment"},
	} {
		for keepLast, want := range map[bool]string{false: test.want, true: test.last} {
			env := Environment{Prefix: "/p", Packages: test.packages, KeepLast: keepLast}
			_, err := env.Entries()
			if got := message(err); got != want {
				t.Errorf("%s, keep last %t: error %s, want %s", test.name, keepLast, got, want)
			}
			if strings.HasPrefix(want, clobber) != errors.Is(err, ErrClobber) {
				t.Errorf("%s: %v is not ErrClobber", test.name, err)
			}
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestManyProblems(t *testing.T) {
	var a, b []string
	for _, c := range "abcdefghijklmnopqrstuvwxyz" {
		a, b = append(a, string(c)+"=1"), append(b, string(c)+"=2")
	}
	_, err := (&Environment{Prefix: "/p", Packages: []conda.Facts{pkg("a", a...), pkg("b", b...)}}).Entries()
	if lines := strings.Split(message(err), "\n"); len(lines) != maxProblems+1 || lines[maxProblems] != "and 6 more" {
		t.Errorf("%q", lines)
	}
}

func TestEntries(t *testing.T) {
	a, b := pkg("a", "bin/a=1"), pkg("b", "bin/bash=1")
	a.Activation = []string{"etc/conda/activate.d/z.sh", "etc/conda/activate.d/it's.sh"}
	b.Activation = []string{"etc/conda/activate.d/b.sh"}
	for _, test := range []struct {
		activation Activation
		packages   []conda.Facts
		want       map[string]string
		err        string
	}{
		{Refuse, []conda.Facts{b, a}, nil, "scripts of an activation, which an image does not run: " +
			"etc/conda/activate.d/b.sh (b), etc/conda/activate.d/z.sh (a), etc/conda/activate.d/it's.sh (a)"},
		{Ignore, []conda.Facts{b, a}, map[string]string{"/opt/c/conda-meta/history": ""}, ""},
		{Shell, []conda.Facts{a}, map[string]string{"/opt/c/conda-meta/history": "", "/opt/c/bin/conda-entrypoint": "#!/bin/sh\n" +
			". '/opt/c/etc/conda/activate.d/it'\\''s.sh'\n. '/opt/c/etc/conda/activate.d/z.sh'\nexec \"$@\"\n"}, ""},
		{Shell, []conda.Facts{b, a}, map[string]string{"/opt/c/conda-meta/history": "", "/opt/c/bin/conda-entrypoint": "#!/opt/c/bin/bash\n" +
			". '/opt/c/etc/conda/activate.d/b.sh'\n. '/opt/c/etc/conda/activate.d/it'\\''s.sh'\n. '/opt/c/etc/conda/activate.d/z.sh'\nexec \"$@\"\n"}, ""},
		{Shell, nil, map[string]string{"/opt/c/conda-meta/history": "", "/opt/c/bin/conda-entrypoint": "#!/bin/sh\nexec \"$@\"\n"}, ""},
	} {
		env := Environment{Prefix: "/opt/c", Packages: test.packages, Activation: test.activation}
		entries, err := env.Entries()
		if message(err) != test.err || test.err != "" && !errors.Is(err, ErrActivation) {
			t.Errorf("%s: error %v, want %s", test.activation, err, test.err)
		}
		var got map[string]string
		for _, e := range entries {
			if e.Content == nil {
				continue
			}
			if got == nil {
				got = make(map[string]string)
			}
			r, _, err := e.Content.Open()
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			got[e.Path] = string(data)
			if want := map[bool]uint32{false: 0o644, true: 0o755}[strings.Contains(e.Path, "bin/")]; e.Mode.Bits() != want {
				t.Errorf("%s has mode %o", e.Path, e.Mode.Bits())
			}
		}
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got\n%q\nwant\n%q", test.activation, got, test.want)
		}
	}
}

// The program runs the scripts in one shell, and then the program that is named, with its arguments.
func TestScriptRuns(t *testing.T) {
	prefix := t.TempDir()
	a := pkg("a")
	a.Activation = []string{"etc/conda/activate.d/b.sh", "etc/conda/activate.d/a b'c.sh"}
	for name, text := range map[string]string{
		"etc/conda/activate.d/a b'c.sh": "X=1\nexport Y=2\n", "etc/conda/activate.d/b.sh": "export X\n",
	} {
		file := filepath.Join(prefix, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o777), os.WriteFile(file, []byte(text), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	env := Environment{Prefix: prefix, Packages: []conda.Facts{a}}
	entrypoint := filepath.Join(prefix, "entrypoint")
	if err := os.WriteFile(entrypoint, []byte(env.script()), 0o777); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("/bin/sh", entrypoint, "/bin/sh", "-c", `echo "$X $Y $1"`, "sh", "an argument").CombinedOutput()
	if err != nil || string(out) != "1 2 an argument\n" {
		t.Errorf("%q, %v", out, err)
	}
}

// Files are read in the order of their names, and those of the environment itself come last, as for conda. If two packages
// have the same file, the last one wins.
func TestVariables(t *testing.T) {
	a, b := conda.Facts{Variables: map[string]map[string]string{
		"etc/conda/env_vars.d/z.json": {"A": "z", "B": "z", "CONDA_SHLVL": "2"},
		"etc/conda/env_vars.d/a.json": {"A": "a", "C": "a", "PATH": "/x"},
		"conda-meta/state":            {"b": "state"},
	}}, conda.Facts{Variables: map[string]map[string]string{"etc/conda/env_vars.d/a.json": {"D": "b"}}}
	env := Environment{Prefix: "/opt/c", Name: "n", Packages: []conda.Facts{a, b}}
	want := map[string]string{"CONDA_PREFIX": "/opt/c", "CONDA_DEFAULT_ENV": "n", "CONDA_SHLVL": "2", "A": "z", "B": "state", "D": "b"}
	if got := env.Variables(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := env.Path(); !reflect.DeepEqual(got, []string{"/opt/c/bin"}) {
		t.Errorf("PATH %q", got)
	}
}

func TestParseActivation(t *testing.T) {
	for _, name := range []string{"error", "ignore", "shell"} {
		if got, err := ParseActivation(name); string(got) != name || err != nil {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	if _, err := ParseActivation("x"); message(err) != `"x": expected error, ignore or shell` {
		t.Errorf("error %v", err)
	}
}

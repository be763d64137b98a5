// Package tooltest runs the scripts that test a tool: the files *.txtar in the directory testdata beside its main package.
//
// Scripts have the commands of package testscript, the tool under its name, and
//
//	list FILE         print the digest, the size and the names of the entries of a tar
//	same FILE GOLDEN  fail unless FILE has the contents of GOLDEN except for a final newline, with which every file of a
//	                  script ends
package tooltest

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

// Commands are further commands of scripts.
type Commands map[string]func(ts *testscript.TestScript, neg bool, args []string)

// Main runs the tests of the tool that has the name and the main function. It is what TestMain calls.
func Main(m *testing.M, name string, main func()) {
	testscript.Main(m, map[string]func(){name: main})
}

// Run runs the scripts in testdata, each in a directory that setup, which may be nil, has filled.
func Run(t *testing.T, setup func(Folder), commands Commands) {
	t.Helper()
	all := Commands{"list": list, "same": same}
	maps.Copy(all, commands)
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			if setup != nil {
				setup(Folder{env, t})
			}
			return nil
		},
		Cmds: all,
	})
}

// Folder is the working directory of a script.
type Folder struct {
	*testscript.Env
	// T is the test of the scripts.
	T *testing.T
}

// Path returns the path of a file in the folder.
func (f Folder) Path(name string) string { return filepath.Join(f.WorkDir, name) }

// Write writes a file and creates its parents.
func (f Folder) Write(name string, data []byte) {
	f.T.Helper()
	imagetest.WriteFile(f.T, f.Path(name), data)
}

// Describe writes a descriptor, or another value that travels between tools.
func (f Folder) Describe(name string, v any) {
	f.T.Helper()
	if err := wire.Write(f.Path(name), v); err != nil {
		f.T.Fatal(err)
	}
}

func list(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: list FILE")
	}
	f, err := os.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	sum, size, err := digest.FromReader(f)
	ts.Check(err)
	fmt.Fprintln(ts.Stdout(), sum, size)
	_, err = f.Seek(0, io.SeekStart)
	ts.Check(err)
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		ts.Check(err)
		fmt.Fprintln(ts.Stdout(), h.Name)
	}
}

func same(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: same FILE GOLDEN")
	}
	if got, want := ts.ReadFile(args[0])+"\n", ts.ReadFile(args[1]); got != want {
		ts.Fatalf("%s\ngot  %swant %s", args[0], got, want)
	}
}

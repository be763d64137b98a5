package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mkmanifest": command.Main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			many := strings.Repeat("--layer=layer.json\n", 128)
			return os.WriteFile(filepath.Join(env.WorkDir, "layers128"), []byte(many), 0o644)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"same": same},
	})
}

// same FILE GOLDEN compares FILE, which does not end with a newline, with GOLDEN, which does because every file of a
// script does.
func same(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: same FILE GOLDEN")
	}
	if got, want := ts.ReadFile(args[0])+"\n", ts.ReadFile(args[1]); got != want {
		ts.Fatalf("%s\ngot  %swant %s", args[0], got, want)
	}
}

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mkconda": command.Main})
}

func TestScripts(t *testing.T) {
	packages, err := filepath.Abs("testdata/packages")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/scripts",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PACKAGES", packages)
			for _, p := range made {
				if err := p.Write(filepath.Join(env.WorkDir, p.Stem()+".conda")); err != nil {
					return err
				}
			}
			return os.Mkdir(filepath.Join(env.WorkDir, "out"), 0o777)
		},
	})
}

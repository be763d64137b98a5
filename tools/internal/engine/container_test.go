package engine

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/engine/enginetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

// TestExecute runs containers in a program that states what it got.
func TestExecute(t *testing.T) {
	name := func(text string) reference.Reference {
		ref, err := reference.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return ref
	}
	kept := name("localhost/kept:1")
	const created = "create --network=none --user=a --entrypoint="
	for _, c := range []struct {
		label     string
		container Container
		want      string // of the error, or empty
		calls     string
	}{
		{"files are kept", Container{Args: []string{"/p", "b c"}, Keep: &kept}, "",
			created + "/p localhost/app:1 b c\ncommit id localhost/kept:1\nrm --force --volumes id\n"},
		{"a missing program", Container{Args: []string{enginetest.Missing}, Keep: &kept}, "no such program",
			created + enginetest.Missing + " localhost/app:1\nrm --force --volumes id\n"},
		{"much output", Container{Args: []string{enginetest.Flood}}, "writes more than 16777216 bytes",
			created + enginetest.Flood + " localhost/app:1\nrm --force --volumes id\n"},
	} {
		for _, program := range []string{"docker", "podman"} {
			t.Run(program+" "+c.label, func(t *testing.T) {
				install(t, program, "")
				store := t.TempDir()
				t.Setenv("FAKE_STORE", store)
				e, err := Find(context.Background(), Choice{Name: program})
				if err != nil {
					t.Fatal(err)
				}
				c.container.Image, c.container.Flags = name("localhost/app:1"), []string{"--user=a"}
				outcome, err := e.Execute(context.Background(), c.container)
				switch {
				case c.want != "":
					if err == nil || !strings.Contains(err.Error(), c.want) {
						t.Errorf("got %v, want %s", err, c.want)
					}
				case err != nil || outcome.ExitCode != 7 || string(outcome.Stderr) != "note\n" || !strings.HasPrefix(string(outcome.Stdout), "["):
					t.Errorf("got %+v, %v", outcome, err)
				}
				if calls, err := os.ReadFile(filepath.Join(store, enginetest.Calls)); err != nil || string(calls) != c.calls {
					t.Errorf("got %s%v, want %s", calls, err, c.calls)
				}
			})
		}
	}
}

// The container is removed although the context has ended.
func TestExecuteCancelled(t *testing.T) {
	install(t, "docker", "")
	store := t.TempDir()
	t.Setenv("FAKE_STORE", store)
	e, err := Find(context.Background(), Choice{Name: "docker"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := e.clean(ctx, "rm", "id"); err != nil {
		t.Error(err)
	}
	if calls, err := os.ReadFile(filepath.Join(store, enginetest.Calls)); err != nil || string(calls) != "rm id\n" {
		t.Errorf("got %q, %v", calls, err)
	}
}

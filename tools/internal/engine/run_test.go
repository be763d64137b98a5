package engine

import (
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

func TestRunArgs(t *testing.T) {
	name, err := reference.Parse("localhost/app:v1")
	if err != nil {
		t.Fatal(err)
	}
	flags, args := []string{"--publish=80:80"}, []string{"sh", "-c", "exit"}
	container := "strata-" + strconv.Itoa(os.Getpid())
	want := map[string][]string{
		"docker": {"run", "--rm", "--interactive", "--tty", "--publish=80:80", "localhost/app:v1", "sh", "-c", "exit"},
		"podman": {"run", "--rm", "--interactive", "--tty", "--publish=80:80", "localhost/app:v1", "sh", "-c", "exit"},
		"nerdctl": {"--namespace=n", "run", "--rm", "--interactive", "--tty", "--publish=80:80", "localhost/app:v1",
			"sh", "-c", "exit"},
		"ctr": {"--namespace=n", "run", "--rm", "--tty", "--publish=80:80", "localhost/app:v1", container, "sh", "-c", "exit"},
	}
	for _, kind := range kinds {
		e := &Engine{kind: kind}
		if kind.name == "containerd" {
			e.args = []string{"--namespace=n"}
		}
		if got := e.runArgs(name, flags, args, true); !slices.Equal(got, want[kind.program]) {
			t.Errorf("%s: %q, want %q", kind.program, got, want[kind.program])
		}
	}
}

// A terminal is neither a file, nor a pipe, nor the null device.
func TestIsTerminal(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	file, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for _, f := range []*os.File{null, file, r} {
		if isTerminal(f) {
			t.Errorf("%s is a terminal", f.Name())
		}
	}
	if terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0); err == nil {
		defer terminal.Close()
		if !isTerminal(terminal) {
			t.Errorf("%s is not a terminal", terminal.Name())
		}
	}
}

package expect_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/engine"
	"github.com/rules-strata/rules_strata/tools/internal/engine/enginetest"
	"github.com/rules-strata/rules_strata/tools/internal/expect"
	"github.com/rules-strata/rules_strata/tools/internal/expect/structure"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
)

// TestEngine runs commands in a fake engine that states what it got: the image has a name of its own, setup commands leave
// images, and everything is removed.
func TestEngine(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, store := t.TempDir(), make(imagetest.Store)
	if err := os.Symlink(self, filepath.Join(dir, "docker")); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"PATH": dir, "FAKE_DOCKER": "", "FAKE_STORE": dir, "FROM_HERE": "h"} {
		t.Setenv(name, value)
	}
	docker, err := engine.Find(context.Background(), engine.Choice{Name: "docker"})
	if err != nil {
		t.Fatal(err)
	}
	file, err := structure.Parse("test.yaml", []byte(`schemaVersion: "2.0.0"
globalEnvVars: [{key: G, value: x}]
containerRunOptions: {user: u, privileged: true, allocateTty: true, envVars: [FROM_HERE], envFile: f, capabilities: [c], bindMounts: ["/a:/b"]}
commandTests:
  - {name: right, setup: [[s, "1"], [s, "2"]], command: /p, args: [a], envVars: [{key: E, value: "y z"}], exitCode: 7, expectedError: [note]}
  - {name: wrong, command: `+enginetest.Missing+`}
`))
	if err != nil {
		t.Fatal(err)
	}
	opened, err := expect.Open(context.Background(), store, image(t, store, "amd64"), expect.Options{Engine: docker})
	if err != nil {
		t.Fatal(err)
	}
	results, err := expect.Structure(context.Background(), opened, file)
	if err != nil || len(results) != 2 || len(results[0].Problems) != 0 || !slices.Equal(results[1].Problems, []string{"no such program"}) {
		t.Errorf("got %+v, %v", results, err)
	}
	if err := opened.Close(); err != nil {
		t.Error(err)
	}
	calls, err := os.ReadFile(filepath.Join(dir, enginetest.Calls))
	if err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile("image_test:[a-z2-7]{26}").ReplaceAllString(string(calls), "NAME")
	const (
		flags = "create --network=none --env=G=x --env=FROM_HERE=h --user=u --env-file=f --cap-add=c --volume=/a:/b --privileged --tty "
		own   = "create --network=none --env=G=x --env=FROM_HERE=h --env=E=y z --user=u --env-file=f --cap-add=c --volume=/a:/b --privileged --tty "
		names = " localhost/rules_strata/NAME"
	)
	want := own + "--entrypoint=s" + names + " 1\ncommit id" + names + "-1\nrm --force --volumes id\n" +
		own + "--entrypoint=s" + names + "-1 2\ncommit id" + names + "-2\nrm --force --volumes id\n" +
		own + "--entrypoint=/p" + names + "-2 a\nrm --force --volumes id\n" +
		"rmi --force" + names + "-2\nrmi --force" + names + "-1\n" +
		flags + "--entrypoint=" + enginetest.Missing + names + "\nrm --force --volumes id\nrmi --force" + names + "\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

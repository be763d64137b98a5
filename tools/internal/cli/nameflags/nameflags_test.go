package nameflags

import (
	"flag"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

func TestResolve(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"repository": "r.test/team/{{STABLE_NAME}}\n", "empty": "\n", "lines": "r.test/a\nr.test/b\n",
		"tags": "one\n\n  two {{BUILD_NUMBER}}\n", "bad": "a/b",
		"status": "STABLE_NAME app\nBUILD_NUMBER 7\n",
	} {
		imagetest.WriteFile(t, filepath.Join(dir, name), []byte(text))
	}
	const repository = "--repository=r.test/x"
	tests := []struct {
		args  string // DIR stands for the directory
		name  string
		tags  []string
		wrong string // the error, DIR for the directory
	}{
		{repository, "r.test/x", nil, ""},
		{"--repository=alpine --tag=v1 --tag=v2 --tag=v1", "docker.io/library/alpine", []string{"v1", "v2"}, ""},
		{"--repository-file=DIR/repository --status=DIR/status", "r.test/team/app", nil, ""},
		{repository + " --repository-file=DIR/none", "r.test/x", nil, ""},
		{repository + " --status=DIR/status --tag-file=DIR/tags --tag=v{BUILD_NUMBER} --tag=one", "r.test/x",
			[]string{"one", "two", "7", "v7"}, ""},
		{"--tag=v1", "", nil, "--repository is missing"},
		{"--repository-file=DIR/none", "", nil, "open DIR/none: no such file or directory"},
		{"--repository-file=DIR/empty", "", nil, `DIR/empty: repository "": the repository is empty`},
		{"--repository=r.test/x:v1", "", nil,
			`--repository: repository "r.test/x:v1": a repository has no tag or digest, expected "r.test/x"`},
		{repository + " --tag=a/b", "", nil, `--tag: tag "a/b": `},
		{repository + " --tag-file=DIR/bad", "", nil, `DIR/bad: tag "a/b": `},
		{repository + " --tag-file=DIR/none", "", nil, "open DIR/none: no such file or directory"},
		{repository + " --status=DIR/none", "", nil, "open DIR/none: no such file or directory"},
		{repository + " --tag={{NONE}} --status=DIR/status", "", nil,
			`--tag: "{{NONE}}": the workspace status does not define NONE; it defines BUILD_NUMBER, STABLE_NAME`},
		{"--repository={{NONE}}/x", "", nil,
			`--repository: "{{NONE}}/x": the workspace status does not define NONE; it defines none`},
	}
	for _, test := range tests {
		set := flag.NewFlagSet("tool", flag.ContinueOnError)
		f := Declare(set)
		f.DeclareTags()
		if err := set.Parse(strings.Fields(strings.ReplaceAll(test.args, "DIR", dir))); err != nil {
			t.Fatal(err)
		}
		to, tags, err := f.Resolve()
		if test.wrong != "" {
			if err == nil || !strings.HasPrefix(strings.ReplaceAll(err.Error(), dir, "DIR"), test.wrong) {
				t.Errorf("%s: error %v, want %s", test.args, err, test.wrong)
			}
			continue
		}
		if err != nil || to == (reference.Reference{}) || to.Name() != test.name || !reflect.DeepEqual(tags, test.tags) {
			t.Errorf("%s: %s, %q, %v, want %s, %q", test.args, to.Name(), tags, err, test.name, test.tags)
		}
	}
}

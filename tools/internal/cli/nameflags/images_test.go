package nameflags

import (
	"flag"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

func TestResolveImages(t *testing.T) {
	dir := t.TempDir()
	store := make(imagetest.Store)
	digests := make(map[string]string)
	for _, name := range []string{"one", "two"} {
		root := store.AddImage(t, "linux/amd64", oci.Gzip, name)
		if err := wire.Write(filepath.Join(dir, name), root); err != nil {
			t.Fatal(err)
		}
		digests[root.Digest.String()] = name
	}
	for name, text := range map[string]string{
		"names": "\n a:{{STABLE_X}}\r\n\nr.test/b\n", "empty": "", "status": "STABLE_X 7\n", "bad": "a b\n",
		"large": strings.Repeat("\n", maxNames+1), "full": strings.Repeat("\n", maxNames-1) + "a",
	} {
		imagetest.WriteFile(t, filepath.Join(dir, name), []byte(text))
	}
	tests := []struct {
		args  string   // DIR stands for the directory
		want  []string // the names, after the file of each image
		wrong string
	}{
		{"--root=DIR/one --name=a --name=r.test/b:v1 --name=a:latest",
			[]string{"one docker.io/library/a:latest r.test/b:v1"}, ""},
		{"--root=DIR/one --name-file=DIR/names --status=DIR/status", []string{"one docker.io/library/a:7 r.test/b:latest"}, ""},
		{"--root=DIR/one --name-file=DIR/empty", []string{"one"}, ""},
		{"--root=DIR/one --name-file=DIR/full", []string{"one docker.io/library/a:latest"}, ""},
		{"--image=a:{STABLE_X}=DIR/one --image=b=DIR/two --image=c=DIR/one --image=c:latest=DIR/one --status=DIR/status",
			[]string{"one docker.io/library/a:7 docker.io/library/c:latest", "two docker.io/library/b:latest"}, ""},
		{"--name=a", nil, "--root is missing"},
		{"--root=DIR/none", nil, "open DIR/none: no such file or directory"},
		{"--root=DIR/one --name-file=DIR/large", nil, "DIR/large: larger than 1048576 bytes"},
		{"--root=DIR/one --name-file=DIR/bad", nil,
			`DIR/bad: image name "a b": repository component "a b": ` +
				`expected lower-case letters and digits, separated by ".", "_", "__" or "-"`},
		{"--root=DIR/one --name=a:{{X}}", nil, `--name "a:{{X}}": "a:{{X}}": the workspace status does not define X; it defines none`},
		{"--root=DIR/one --name=a --status=DIR/none", nil, "open DIR/none: no such file or directory"},
	}
	for _, test := range tests {
		set := flag.NewFlagSet("tool", flag.ContinueOnError)
		root := set.String("root", "", "")
		images := DeclareImages(set)
		if err := set.Parse(strings.Fields(strings.ReplaceAll(test.args, "DIR", dir))); err != nil {
			t.Fatal(err)
		}
		all, err := images.Resolve(*root)
		wrong := ""
		if err != nil {
			wrong = strings.ReplaceAll(err.Error(), dir, "DIR")
		}
		var got []string
		for _, image := range all {
			line := digests[image.Root.Digest.String()]
			for _, name := range image.Names {
				line += " " + name.String()
			}
			got = append(got, line)
		}
		if wrong != test.wrong || err == nil && !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %q, error %q; want %q, %q", test.args, got, wrong, test.want, test.wrong)
		}
	}
}

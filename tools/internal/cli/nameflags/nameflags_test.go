package nameflags

import (
	"flag"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

// root is the image of the tests.
var root = oci.Descriptor{MediaType: oci.MediaTypeManifest, Digest: digest.FromBytes(nil)}

func resolve(f *Flags) (to reference.Reference, tags []string, err error) {
	if to, err = f.ResolveRepository(); err != nil {
		return to, nil, err
	}
	all, err := f.ResolveTags(root, func() ([]content.Image, error) {
		return []content.Image{{Descriptor: root, Platform: oci.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}}}, nil
	})
	if err != nil {
		return to, nil, err
	}
	return to, all[0].Tags, nil
}

func TestResolve(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"repository": "r.test/team/{{STABLE_NAME}}\n", "empty": "\n", "lines": "r.test/a\nr.test/b\n",
		"tags": "one\n\n  two {{BUILD_NUMBER}}\n", "bad": "a/b", "spaces": "v{{ BUILD_NUMBER }} {{ NONE | dev }}\n",
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
		{repository + " --tag-file=DIR/spaces --status=DIR/status", "r.test/x", []string{"v7", "dev"}, ""},
		{repository + " --tag={{ARCH}}-{{PLATFORM}}-{{SHORT_DIGEST}} --tag={{DIGEST}}", "r.test/x", []string{
			"arm64-linux-arm64-e3b0c44298fc", "sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}, ""},
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
		to, tags, err := resolve(f)
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

// Tags with variables of the platform are those of the images of an index, and all others are those of the index.
func TestTagsOfIndex(t *testing.T) {
	index := oci.Descriptor{MediaType: oci.MediaTypeIndex, Digest: digest.FromBytes([]byte("index"))}
	var images []content.Image
	for _, platform := range []string{"linux/amd64", "linux/arm/v6", "linux/arm/v7"} {
		p, err := oci.ParsePlatform(platform)
		if err != nil {
			t.Fatal(err)
		}
		d := oci.Descriptor{MediaType: oci.MediaTypeManifest, Digest: digest.FromBytes([]byte(platform))}
		images = append(images, content.Image{Descriptor: d, Platform: p})
	}
	tests := []struct {
		tags  string
		want  [][]string // of the index and of each image
		wrong string
	}{
		{"v1 v2", [][]string{{"v1", "v2"}}, ""},
		{"v1-{{PLATFORM}} v1", [][]string{{"v1"}, {"v1-linux-amd64"}, {"v1-linux-arm-v6"}, {"v1-linux-arm-v7"}}, ""},
		{"{{ARCH}}-{{SHORT_DIGEST}}", [][]string{
			nil, {"amd64-" + images[0].Descriptor.Digest.Encoded()[:12]},
			{"arm-" + images[1].Descriptor.Digest.Encoded()[:12]}, {"arm-" + images[2].Descriptor.Digest.Encoded()[:12]},
		}, ""},
		{"v1-{{ARCH}}", nil, `--tag: tag "v1-arm" would name two images: linux/arm/v6 (` + images[1].Descriptor.Digest.String() +
			`) and linux/arm/v7 (`},
		{"linux-amd64 {{PLATFORM}}", nil, `--tag: tag "linux-amd64" would name two images: the index sha256:`},
	}
	for _, test := range tests {
		f := Declare(flag.NewFlagSet("tool", flag.ContinueOnError))
		f.DeclareTags()
		f.Tags = strings.Fields(test.tags)
		asked := 0
		got, err := f.ResolveTags(index, func() ([]content.Image, error) {
			asked++
			return images, nil
		})
		if test.wrong != "" {
			if err == nil || !strings.HasPrefix(err.Error(), test.wrong) {
				t.Errorf("%s: error %v, want %s", test.tags, err, test.wrong)
			}
			continue
		}
		want := []Tagged{{index, test.want[0]}}
		for i, tags := range test.want[1:] {
			want = append(want, Tagged{images[i].Descriptor, tags})
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v, want %v", test.tags, got, err, want)
		}
		if needed := strings.Contains(test.tags, "PLATFORM") || strings.Contains(test.tags, "ARCH"); asked > 1 || needed != (asked == 1) {
			t.Errorf("%s: images are listed %d times", test.tags, asked)
		}
	}
}

// Names that become part of an output have stable variables only.
func TestStable(t *testing.T) {
	f := Declare(flag.NewFlagSet("tool", flag.ContinueOnError))
	f.Repository, f.Stable = "r.test/{{BUILD_NUMBER|x}}", true
	want := `--repository: "r.test/{{BUILD_NUMBER|x}}": BUILD_NUMBER is not a stable variable`
	if _, err := f.ResolveRepository(); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
}

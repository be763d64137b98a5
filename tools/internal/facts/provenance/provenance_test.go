package provenance

import (
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

const someCommit = "0123456789abcdef0123456789abcdef01234567"

// example returns facts with all fields.
func example() Facts {
	return Facts{
		Builder:    "https://ci.example.com/release",
		Target:     "//app:push",
		Source:     "git+https://git.example.com/team/app@" + someCommit,
		Repository: reference.Reference{Registry: "registry.example.com", Repository: "team/app"},
		Subjects:   []digest.Digest{digest.FromBytes([]byte("index")), digest.FromBytes([]byte("image"))},
		Bases: []reference.Reference{{
			Registry: "localhost:5000", Repository: "library/debian", Digest: digest.FromBytes([]byte("base")),
		}},
		Packages: []Package{{Name: "a_1_all.deb", Digest: digest.FromBytes(nil)}, {URI: "https://h/b.conda", Digest: digest.FromBytes(nil)}},
	}
}

func TestStatement(t *testing.T) {
	got, err := example().Statement()
	if err != nil {
		t.Fatal(err)
	}
	index, image, base := digest.FromBytes([]byte("index")), digest.FromBytes([]byte("image")), digest.FromBytes([]byte("base"))
	const nothing = `"digest":{"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}`
	want := `{"_type":"https://in-toto.io/Statement/v1","subject":[` +
		`{"name":"registry.example.com/team/app","digest":{"sha256":"` + index.Encoded() + `"}},` +
		`{"name":"registry.example.com/team/app","digest":{"sha256":"` + image.Encoded() + `"}}],` +
		`"predicateType":"https://slsa.dev/provenance/v1","predicate":{"buildDefinition":{"buildType":"` + BuildType + `",` +
		`"externalParameters":{"target":"//app:push"},"resolvedDependencies":[` +
		`{"uri":"git+https://git.example.com/team/app@` + someCommit + `","digest":{"gitCommit":"` + someCommit + `"}},` +
		`{"uri":"pkg:oci/debian@sha256%3A` + base.Encoded() + `?repository_url=localhost:5000/library/debian",` +
		`"digest":{"sha256":"` + base.Encoded() + `"}},` +
		`{"name":"a_1_all.deb",` + nothing + `},{"uri":"https://h/b.conda",` + nothing + `}]},` +
		`"runDetails":{"builder":{"id":"https://ci.example.com/release"}}}}`
	if string(got) != want {
		t.Errorf("statement\n%s, want\n%s", got, want)
	}
	minimal, err := Facts{Builder: "urn:ci", Subjects: []digest.Digest{index}}.Statement()
	if err != nil || !strings.Contains(string(minimal), `"externalParameters":{}},"runDetails"`) {
		t.Errorf("without a target and dependencies: %s, %v", minimal, err)
	}
}

func TestArtifact(t *testing.T) {
	subject := oci.Descriptor{MediaType: oci.MediaTypeIndex, Digest: digest.FromBytes([]byte("index")), Size: 5}
	first, blobs, err := example().Artifact(subject)
	if err != nil {
		t.Fatal(err)
	}
	if first.ArtifactType != MediaType {
		t.Errorf("artifact type %q", first.ArtifactType)
	}
	if err := content.CheckReferrers(t.Context(), blobs, nil, []oci.Descriptor{first}); err == nil ||
		!strings.Contains(err.Error(), "its subject "+subject.Digest.String()) {
		t.Errorf("subject: %v", err)
	}
	count := 0
	err = content.Walk(t.Context(), blobs, first, func(d oci.Descriptor, _ []byte) error {
		count++
		_, err := content.ReadAll(t.Context(), blobs, d)
		return err
	})
	if err != nil || count != 3 {
		t.Errorf("%d blobs, %v", count, err)
	}
	if second, _, _ := example().Artifact(subject); second.Digest != first.Digest {
		t.Errorf("two digests for equal facts: %s, %s", first.Digest, second.Digest)
	}
}

func TestStatementRefuses(t *testing.T) {
	for _, test := range []struct {
		change func(*Facts)
		want   string
	}{
		{func(f *Facts) { f.Builder = "" }, `builder ID "": expected a URI`},
		{func(f *Facts) { f.Builder = "release" }, `builder ID "release": expected a URI`},
		{func(f *Facts) { f.Source = "git+https://h/app" }, "expected URI@COMMIT"},
		{func(f *Facts) { f.Source = "git+https://h/app@" + someCommit + "-dirty" }, "expected URI@COMMIT"},
		{func(f *Facts) { f.Source = "app@" + someCommit }, "expected a URI before the commit"},
		{func(f *Facts) { f.Source = "git+https://me:secret@h/app@" + someCommit }, "which would be published"},
	} {
		facts := example()
		test.change(&facts)
		if _, err := facts.Statement(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %s", err, test.want)
		}
	}
}

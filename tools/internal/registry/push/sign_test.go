package push

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/registry/registrytest"
	"github.com/rules-strata/rules_strata/tools/internal/registry/sign"
)

// signer is a signer that first looks at the registry.
type signer struct {
	t      *testing.T
	server *registrytest.Registry
	kind   string
	err    error
	signed []digest.Digest
}

func (s *signer) Sign(_ context.Context, subject oci.Descriptor) (sign.Artifacts, error) {
	if s.err != nil {
		return sign.Artifacts{}, s.err
	}
	if !slices.Contains(s.server.Digests("team/app"), subject.Digest) || s.server.Tags("team/app")["v1"] != "" {
		s.t.Errorf("%s is signed too early or too late", subject.Digest)
	}
	s.signed = append(s.signed, subject.Digest)
	store := imagetest.Store{}
	return sign.Artifacts{Roots: []oci.Descriptor{addArtifact(s.t, store, s.kind, subject)}, Source: store}, nil
}

// TestSign signs an index, and then its images, too, for registries of all kinds.
func TestSign(t *testing.T) {
	for _, kind := range []registrytest.Referrers{{}, {API: true}, {API: true, Header: true, UnknownSubject: 404}} {
		for _, each := range []bool{false, true} {
			server := registrytest.New(t)
			server.Referrers = kind
			store, index := twoImages(t)
			var root oci.Index
			if err := oci.Unmarshal(store[index.Digest], &root); err != nil {
				t.Fatal(err)
			}
			sbom := addArtifact(t, store, "example/sbom", index)
			one := &signer{t: t, server: server, kind: "example/one"}
			two := &signer{t: t, server: server, kind: "example/two"}
			tasks := []Task{{
				To: repository(server, "team/app"), Root: index, Source: store, Tags: []string{"v1"},
				Referrers: []oci.Descriptor{sbom}, Signers: []Signer{one, two}, SignImages: each,
			}}
			if err := Images(t.Context(), client(), tasks, Options{}); err != nil {
				t.Fatal(err)
			}
			want := []digest.Digest{index.Digest}
			if each {
				want = append(want, root.Manifests[0].Digest, root.Manifests[1].Digest)
			}
			if !reflect.DeepEqual(one.signed, want) || !reflect.DeepEqual(two.signed, want) {
				t.Errorf("signed %q and %q, want %q", one.signed, two.signed, want)
			}
			signatures := NewReport(tasks, false).Pushes[0].Signatures
			if len(signatures) != 2*len(want) {
				t.Errorf("signatures %q", signatures)
			}
			stored := server.Digests("team/app")
			for _, d := range signatures {
				if !slices.Contains(stored, d) {
					t.Errorf("%s is not in the registry", d)
				}
			}
			if got := len(fallback(t, server, index.Digest)); got != 3 && !kind.Header || got != 0 && kind.Header {
				t.Errorf("%+v: the tag lists %d referrers", kind, got)
			}
			if server.Tags("team/app")["v1"] != index.Digest {
				t.Error("no tag")
			}
		}
	}
}

func TestSignFails(t *testing.T) {
	server := registrytest.New(t)
	store, index := twoImages(t)
	task := Task{
		To: repository(server, "team/app"), Root: index, Source: store, Tags: []string{"v1"},
		Signers: []Signer{&signer{t: t, server: server, err: errors.New("no key")}},
	}
	if err := Images(t.Context(), client(), []Task{task}, Options{DryRun: true}); err != nil {
		t.Errorf("dry run: %v", err)
	}
	if err := Images(t.Context(), client(), []Task{task}, Options{}); err == nil || err.Error() != "no key" {
		t.Errorf("error %v", err)
	}
	if tags := server.Tags("team/app"); len(tags) > 0 {
		t.Errorf("tags %v", tags)
	}
}

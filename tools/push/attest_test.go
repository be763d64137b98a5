package main

import (
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/cli/imageflags"
	"github.com/rules-strata/rules_strata/tools/internal/cli/nameflags"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
	"github.com/rules-strata/rules_strata/tools/internal/registry/push"
)

// The provenance has the packages in layers.
func TestProvenancePackages(t *testing.T) {
	store := make(imagetest.Store)
	image := imageflags.Image{
		Root:     store.AddImage(t, "linux/amd64", oci.Gzip, "a"),
		Packages: []wire.Package{{Name: "a_1_all.deb", Digest: digest.FromBytes(nil)}},
	}
	d := destination{names: new(nameflags.Flags), attest: attestFlags{builder: "https://ci.example.com/release"}}
	task := push.Task{Source: store}
	if err := d.addProvenance(t.Context(), &task, image); err != nil || len(task.Referrers) != 1 {
		t.Fatalf("%d referrers, %v", len(task.Referrers), err)
	}
	var found bool
	err := content.Walk(t.Context(), task.Source, task.Referrers[0], func(b oci.Descriptor, _ []byte) error {
		data, err := content.ReadAll(t.Context(), task.Source, b)
		found = found || strings.Contains(string(data), `"resolvedDependencies":[{"name":"a_1_all.deb","digest":{"sha256":"e3b0c442`)
		return err
	})
	if err != nil || !found {
		t.Errorf("found %t, %v", found, err)
	}
}

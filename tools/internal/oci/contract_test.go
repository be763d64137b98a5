package oci

import (
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/contract"
)

func TestMediaTypesOfRules(t *testing.T) {
	type mediaType struct{ Kind, OCI, Docker string }
	usual := map[string]string{"config": MediaTypeConfig, "index": MediaTypeIndex, "manifest": MediaTypeManifest}
	for _, want := range contract.Cases[mediaType](t, "media_types") {
		if usual[want.Kind] != want.OCI || OCIMediaType(want.Docker) != want.OCI {
			t.Errorf("%+v: got %s, %s", want, usual[want.Kind], OCIMediaType(want.Docker))
		}
	}
}

func TestVariantsOfRules(t *testing.T) {
	type variant struct{ Architecture, Implied string }
	for _, want := range contract.Cases[variant](t, "variants") {
		if got := Variant(Platform{Architecture: want.Architecture}); got != want.Implied {
			t.Errorf("%s: got %q, want %q", want.Architecture, got, want.Implied)
		}
	}
}

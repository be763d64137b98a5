package push

import (
	"encoding/json"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

// Another program can parse a report of an image with tags, and one without.
func TestReport(t *testing.T) {
	root := oci.Descriptor{MediaType: oci.MediaTypeIndex, Digest: digest.FromBytes(nil), Size: 2}
	tasks := []Task{
		{
			Target: "//app:push", Root: root, Tags: []string{"v1", "v2"},
			To: reference.Reference{Registry: "registry.test", Repository: "team/app", Tag: "ignored"},
		},
		{Root: root, To: reference.Reference{Registry: "registry.test", Repository: "other"}},
	}
	const (
		hex  = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
		want = `{
  "dry_run": true,
  "pushes": [
    {
      "target": "//app:push",
      "repository": "registry.test/team/app",
      "digest": "` + hex + `",
      "mediaType": "application/vnd.oci.image.index.v1+json",
      "tags": [
        "v1",
        "v2"
      ],
      "references": [
        "registry.test/team/app:v1@` + hex + `",
        "registry.test/team/app:v2@` + hex + `",
        "registry.test/team/app@` + hex + `"
      ]
    },
    {
      "repository": "registry.test/other",
      "digest": "` + hex + `",
      "mediaType": "application/vnd.oci.image.index.v1+json",
      "tags": [],
      "references": [
        "registry.test/other@` + hex + `"
      ]
    }
  ]
}`
	)
	got, err := json.MarshalIndent(NewReport(tasks, true), "", "  ")
	if err != nil || string(got) != want {
		t.Errorf("%v, %s", err, got)
	}
}

func TestEvent(t *testing.T) {
	d := digest.FromBytes(nil)
	for want, e := range map[string]Event{
		"blob " + d.String() + " (7 bytes): mounted from r/base": {
			Object: oci.Descriptor{MediaType: oci.MediaTypeLayerGzip, Digest: d, Size: 7}, Outcome: Mounted, From: "r/base",
		},
		"manifest " + d.String() + ": pushed": {
			Repository: "r/app", Object: oci.Descriptor{MediaType: oci.MediaTypeManifest, Digest: d}, Outcome: Pushed,
		},
		"index " + d.String() + ": already there": {
			Object: oci.Descriptor{MediaType: oci.MediaTypeIndex, Digest: d}, Outcome: Present,
		},
		"tag r/app:v1: would be pushed": {
			Repository: "r/app", Tag: "v1", Object: oci.Descriptor{MediaType: oci.MediaTypeIndex, Digest: d}, Outcome: Missing,
		},
	} {
		if got := e.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

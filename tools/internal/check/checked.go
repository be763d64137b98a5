package check

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// LayerReport is the result of checking the blob of a layer by itself, see [Layer]. With it, [Image] needs no blob.
type LayerReport struct {
	// Digest, MediaType and Size are those of the layer's descriptor.
	Digest    digest.Digest `json:"digest"`
	MediaType string        `json:"media_type"`
	Size      int64         `json:"size"`
	// Lenient reports that house rules were not checked, see [Options.Lenient].
	Lenient bool `json:"lenient"`
	// DiffID is the digest of the decompressed layer, or empty if it could not be decompressed.
	DiffID digest.Digest `json:"diff_id,omitempty"`
	// Entries is the number of entries that were read.
	Entries int `json:"entries"`
	// Violations have places below the layer's.
	Violations []Violation `json:"violations"`
}

// Layer checks the blob of a layer: its digest, its size, its compression and its tar. A blob that cannot be read is an error.
func Layer(ctx context.Context, src content.Source, d oci.Descriptor, lenient bool) (LayerReport, error) {
	if err := oci.CheckDescriptor(d); err != nil {
		return LayerReport{}, err
	}
	in := newInspector(ctx, src, Options{})
	facts := in.layerBlob("", d, lenient)
	report, err := in.report()
	if err != nil {
		return LayerReport{}, err
	}
	for _, v := range report.Violations {
		if v.Rule == ruleBlobRead || v.Rule == ruleBlobMissing {
			return LayerReport{}, errors.New(v.Text)
		}
	}
	return LayerReport{
		Digest: d.Digest, MediaType: d.MediaType, Size: d.Size, Lenient: lenient, DiffID: facts.diffID,
		Entries: report.Entries, Violations: report.Violations,
	}, nil
}

// layersVersion is the version of the format of layer reports.
const layersVersion = 1

// layerReports is the form in which layer reports are stored.
type layerReports struct {
	Version int           `json:"version"`
	Layers  []LayerReport `json:"layers"`
}

// FormatLayers returns reports in a form that [ParseLayers] reads. Its bytes depend on the reports only.
func FormatLayers(reports []LayerReport) ([]byte, error) {
	return oci.Marshal(layerReports{layersVersion, reports})
}

// ParseLayers reads what FormatLayers returned.
func ParseLayers(data []byte) ([]LayerReport, error) {
	var all layerReports
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	if all.Version != layersVersion {
		return nil, fmt.Errorf("version %d, expected %d", all.Version, layersVersion)
	}
	known := make(map[string]bool)
	for _, r := range Rules() {
		known[r.ID] = true
	}
	for _, report := range all.Layers {
		if _, err := digest.Parse(string(report.Digest)); err != nil {
			return nil, err
		}
		for _, v := range report.Violations {
			if !known[v.Rule] {
				return nil, fmt.Errorf("layer %s: unknown rule %q", report.Digest, v.Rule)
			}
		}
	}
	return all.Layers, nil
}

// checked returns the report of a layer that was checked by itself.
func (in *inspector) checked(key layerKey, size int64) (LayerReport, bool) {
	for _, r := range in.opts.Layers {
		if r.Size == size && (layerKey{r.Digest, r.MediaType, r.Lenient}) == key {
			return r, true
		}
	}
	return LayerReport{}, false
}

// replay adds the report of a layer to the result.
func (in *inspector) replay(where string, r LayerReport) layerFacts {
	for _, v := range r.Violations {
		in.add(where+v.Where, v.Rule, "%s", v.Text)
	}
	in.tally.Layers++
	in.tally.Entries += r.Entries
	return layerFacts{diffID: r.DiffID}
}

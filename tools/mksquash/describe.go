package main

import (
	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/image"
	"github.com/rules-strata/rules_strata/tools/internal/layer"
	"github.com/rules-strata/rules_strata/tools/internal/layer/shape"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

// describe writes everything except the layer itself.
func (r *request) describe(in *input, made layer.Result) error {
	history := &oci.History{CreatedBy: "rules_strata " + layer.Summary(made.Entries)}
	config, err := image.Squash(in.config, in.platform, in.kept, image.Layer{DiffID: made.DiffID, History: history})
	if err != nil {
		return err
	}
	descriptor := wire.Layer{
		MediaType: made.Codec.MediaType(), Digest: made.Digest, Size: made.Size,
		DiffID: made.DiffID, UncompressedSize: made.UncompressedSize, History: history, Packages: in.packages,
	}
	layers := []oci.Descriptor{descriptor.Descriptor()}
	manifest, err := image.Manifest(config.Descriptor, in.base, layers, in.manifest.Annotations)
	if err != nil {
		return err
	}
	if err := wire.Write(r.layer, descriptor); err != nil {
		return err
	}
	if err := shape.Of(made.Entries, made.Interpreters).Write(r.shape); err != nil {
		return err
	}
	if err := atomicfile.Write(r.config, config.Bytes); err != nil {
		return err
	}
	return r.outputs.Write(manifest.Bytes, manifest.Descriptor)
}

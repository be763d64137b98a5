package main

import (
	"context"
	"errors"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/store/importer"
)

// isIndex reports whether an index is imported instead of an image.
func (o outputs) isIndex() bool { return o.index != "" || o.indexBlobs != "" }

// check rejects flags that do not belong together.
func (o outputs) check(choice importer.Choice, except []oci.Platform) error {
	switch {
	case !o.isIndex() && len(except) > 0:
		return cli.Usage("--except needs --index or --index-blobs")
	case o.isIndex() && (o.manifest != "" || o.config != "" || o.shape != "" || o.blobs != "" || choice.Platform != nil):
		return cli.Usage("--index and --index-blobs import an index: only --ref, --except, --descriptor and --digest fit")
	}
	return nil
}

// importIndex writes the requested outputs of the index with the name. Every platform must match one of its images.
func (o outputs) importIndex(ctx context.Context, store *importer.Store, name string, except []oci.Platform) error {
	index, err := store.ChooseIndex(ctx, name)
	var indexRefusal *importer.IndexError
	if errors.As(err, &indexRefusal) {
		return cli.Hint(err, "--ref chooses an index; if there is none, import a single image: leave out the attribute platforms")
	}
	if err != nil {
		return err
	}
	images, err := index.Images(ctx, except)
	var refusal *importer.ChoiceError
	if errors.As(err, &refusal) {
		return cli.Hint(err, "state each platform so that it matches one image of the index")
	}
	if err == nil && o.indexBlobs != "" {
		err = index.WriteBlobs(ctx, o.indexBlobs, images)
	}
	if errors.Is(err, content.ErrNotFound) {
		return cli.Hint(err, "the index is incomplete: pull it for all platforms before exporting it, "+
			"or import the images that it has one by one, without their index")
	}
	if err != nil {
		return err
	}
	return o.writeDocuments(index.Descriptor, map[string][]byte{o.index: index.Document})
}

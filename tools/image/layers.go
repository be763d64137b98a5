package main

import (
	"bufio"
	"context"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
)

// listLayers writes the listings of the layers of an image, the lowest first.
func (s *settings) listLayers(ctx context.Context, std cli.Streams, text string) error {
	ctx, n := s.start(ctx, std)
	p, image, err := n.openImage(ctx, text, s.platform)
	n.display.Close()
	if err != nil {
		return err
	}
	defer p.Close()
	out := bufio.NewWriter(std.Out)
	if err := writeListings(ctx, out, p.Source, image.Manifest); err != nil {
		return fmt.Errorf("%s: %w", p, err)
	}
	return out.Flush()
}

func writeListings(ctx context.Context, out *bufio.Writer, src content.Source, manifest oci.Manifest) error {
	var config struct {
		RootFS oci.RootFS `json:"rootfs"`
	}
	data, err := content.ReadAll(ctx, src, manifest.Config)
	if err == nil {
		err = oci.Unmarshal(data, &config)
	}
	if err != nil {
		return fmt.Errorf("config: %w", err)
	}
	if len(config.RootFS.DiffIDs) != len(manifest.Layers) {
		return fmt.Errorf("config: %d diff_ids for %d layers", len(config.RootFS.DiffIDs), len(manifest.Layers))
	}
	for i, d := range manifest.Layers {
		want := listing.Header{DiffID: config.RootFS.DiffIDs[i], Digest: d.Digest, Size: d.Size}
		if err := writeListing(ctx, out, src, d, want); err != nil {
			return fmt.Errorf("layer %d of %d, %s: %w", i+1, len(manifest.Layers), d.Digest, err)
		}
	}
	return nil
}

func writeListing(ctx context.Context, out *bufio.Writer, src content.Source, d oci.Descriptor, want listing.Header) error {
	blob, err := src.Open(ctx, d)
	if err != nil {
		return err
	}
	defer blob.Close()
	return listing.Text(ctx, out, blob, want)
}

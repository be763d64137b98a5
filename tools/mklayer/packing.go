package main

import (
	"cmp"
	"flag"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/layer"
	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// packing holds the flags that determine how a layer is packed.
type packing struct {
	codec, defaultCodec string
	level, defaultLevel int
}

func (p *packing) declare(flags *flag.FlagSet) {
	flags.StringVar(&p.codec, "compression", "", "`codec` of the layer: gzip, zstd or none (default: that of --default-compression)")
	flags.IntVar(&p.level, "level", 0, "compression `level`: gzip 1-9, zstd 1-19, 0 for the default (gzip 6, zstd 3)")
	flags.StringVar(&p.defaultCodec, "default-compression", string(oci.Gzip),
		"`codec` without --compression, except for an archive that becomes the blob unchanged")
	flags.IntVar(&p.defaultLevel, "default-level", 0, "`level` for --default-compression")
}

// parse returns how to pack the layer, and which archives may become the layer unchanged.
func (p *packing) parse(cache *compress.Cache) (layer.Packing, error) {
	codec, level, keep := p.codec, p.level, layer.KeepSame
	if codec == "" {
		// The default level belongs to the default compression: another compression may not have it.
		codec, level, keep = p.defaultCodec, cmp.Or(level, p.defaultLevel), layer.KeepAll
	}
	if p.level != 0 {
		keep = layer.KeepNone
	}
	format, err := compress.Parse(oci.Compression(codec), level)
	if err != nil {
		return layer.Packing{}, cli.Usage("%w", err)
	}
	return layer.Packing{Format: format, Keep: keep, Cache: cache}, nil
}

package main

import (
	"cmp"
	"flag"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
)

// packing holds the flags that say how a layer is packed.
type packing struct {
	codec, defaultCodec string
	level, defaultLevel int
}

func (p *packing) declare(flags *flag.FlagSet) {
	flags.StringVar(&p.codec, "compression", "", "`gzip`, zstd or none (default: as --default-compression says)")
	flags.IntVar(&p.level, "level", 0, "compression level `N`: gzip 1-9, zstd 1-19, 0 for the default (gzip 6, zstd 3)")
	flags.StringVar(&p.defaultCodec, "default-compression", string(compress.Gzip),
		"`compression` without --compression, except for an archive that is the blob as it is")
	flags.IntVar(&p.defaultLevel, "default-level", 0, "`level` that goes with --default-compression")
}

// format returns how to pack a layer. The default level belongs to the default compression: it may mean nothing to another.
func (p *packing) format() (compress.Format, error) {
	codec, level := p.codec, p.level
	if codec == "" {
		codec, level = p.defaultCodec, cmp.Or(level, p.defaultLevel)
	}
	format, err := compress.Parse(codec, level)
	if err != nil {
		return format, cli.Usage("%w", err)
	}
	return format, nil
}

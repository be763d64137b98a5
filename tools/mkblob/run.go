package main

import (
	"context"
	"flag"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/image"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

var command = cli.Command{
	Name:     "mkblob",
	Summary:  "write the descriptor of a file of an artifact",
	Required: []string{"file", "media-type", "output"},
	New:      newWork,
}

func newWork(flags *flag.FlagSet) cli.Work {
	path := flags.String("file", "", "`file` to describe")
	mediaType := flags.String("media-type", "", "its media `type`")
	title := flags.String("title", "", "relative `path` to which clients write the file")
	output := flags.String("output", "", "`file` to write the descriptor to")
	return func(context.Context, cli.Streams) error {
		sum, size, err := digest.FromFile(*path)
		if err != nil {
			return err
		}
		d := oci.Descriptor{MediaType: *mediaType, Digest: sum, Size: size}
		if *title != "" {
			d.Annotations = map[string]string{oci.AnnotationTitle: *title}
		}
		if err := image.CheckFile(d); err != nil {
			return err
		}
		return wire.Write(*output, d)
	}
}

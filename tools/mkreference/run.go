package main

import (
	"context"
	"flag"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/nameflags"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

var command = cli.Command{
	Name:     "mkreference",
	Summary:  "write the reference by which a pushed image can be pulled",
	Required: []string{"root", "output"},
	New:      newWork,
}

func newWork(flags *flag.FlagSet) cli.Work {
	root := flags.String("root", "", "`file` with the descriptor of the image or index")
	names := nameflags.Declare(flags)
	names.Stable = true
	output := flags.String("output", "", "`file` to write")
	return func(context.Context, cli.Streams) error {
		to, err := names.ResolveRepository()
		if err != nil {
			return err
		}
		d, err := wire.ReadDescriptor(*root)
		if err != nil {
			return err
		}
		to.Digest = d.Digest
		return atomicfile.Write(*output, []byte(to.String()))
	}
}

package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/documentflags"
	"github.com/rules-strata/rules_strata/tools/internal/image"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

var command = cli.Command{
	Name:     "mkindex",
	Summary:  "write an image index",
	Required: []string{"output", "descriptor"},
	New:      newWork,
}

type options struct {
	children []child
	document *documentflags.Flags
}

// child is a file that names images of the index.
type child struct {
	path    string
	isIndex bool
}

func newWork(flags *flag.FlagSet) cli.Work {
	var o options
	for flag, usage := range map[string]string{
		"image": "`file` with the descriptor of an image, an index or an artifact",
		"index": "`file` with an index, whose entries are listed in its place",
	} {
		cli.Each(flags, flag, usage, func(path string) error {
			o.children = append(o.children, child{path, flag == "index"})
			return nil
		})
	}
	o.document = documentflags.Declare(flags, "index")
	return func(context.Context, cli.Streams) error {
		return o.run()
	}
}

func (o *options) run() error {
	annotations, err := o.document.Annotations()
	if err != nil {
		return err
	}
	var children []oci.Descriptor
	for _, child := range o.children {
		listed, err := child.read()
		if err != nil {
			return err
		}
		children = append(children, listed...)
	}
	index, err := image.Index(children, annotations)
	if err != nil {
		return err
	}
	return o.document.Outputs.Write(index.Bytes, index.Descriptor)
}

// read returns the descriptors that an index lists for the child.
func (c child) read() ([]oci.Descriptor, error) {
	if !c.isIndex {
		d, err := wire.ReadDescriptor(c.path)
		return []oci.Descriptor{d}, err
	}
	data, err := wire.ReadDocument(c.path)
	if err != nil {
		return nil, err
	}
	listed, err := image.Entries(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.path, err)
	}
	return listed, nil
}

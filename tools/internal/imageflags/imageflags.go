// Package imageflags is the flags by which a tool gets an image that a build made: its root, its documents, its layers.
//
// The rules pass files, each blob where the build put it. The package turns them into a descriptor and a
// [content.Source]. It checks descriptors and hashes documents, which are small; layers are looked up only when
// somebody asks for their bytes.
package imageflags

import (
	"flag"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/content"
	"github.com/rules-strata/rules_strata/tools/internal/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/reference"
	"github.com/rules-strata/rules_strata/tools/internal/wire"
)

// Flags are the values of the flags.
type Flags struct {
	// Root is the file with the descriptor of the image or index.
	Root string

	set       *flag.FlagSet
	documents cli.Strings
	layers    cli.Strings
	blobs     cli.Strings
	built     map[digest.Digest]bool // the layers of --layer, known once Image was called
}

// Declare declares --root, --document, --layer and --blobs.
func Declare(set *flag.FlagSet) *Flags {
	f := &Flags{set: set}
	set.StringVar(&f.Root, "root", "", "`file` with the descriptor of the image or index (required)")
	set.Var(&f.documents, "document", "`file` that is a manifest, a config or an index (repeatable)")
	set.Var(&f.layers, "layer", "a layer: `descriptor=blob`, two files, the first as mklayer writes it (repeatable)")
	set.Var(&f.blobs, "blobs", "`directory` with more blobs as sha256/HEX (repeatable)")
	return f
}

// Image returns the descriptor of the root, and the source of all blobs that the flags name.
func (f *Flags) Image() (oci.Descriptor, content.Source, error) {
	if err := cli.Require(f.set, "root"); err != nil {
		return oci.Descriptor{}, nil, err
	}
	root, err := wire.ReadDescriptor(f.Root)
	if err != nil {
		return oci.Descriptor{}, nil, err
	}
	files := new(content.Files)
	f.built = make(map[digest.Digest]bool)
	for _, path := range f.documents {
		if _, _, err := files.AddDocument(path); err != nil {
			return oci.Descriptor{}, nil, err
		}
	}
	for _, pair := range f.layers {
		descriptor, blob, err := cli.SplitPair(pair)
		if err != nil {
			return oci.Descriptor{}, nil, cli.Usage("--layer: %w", err)
		}
		layer, err := wire.ReadLayer(descriptor)
		if err != nil {
			return oci.Descriptor{}, nil, err
		}
		files.Add(layer.Digest, blob)
		f.built[layer.Digest] = true
	}
	for _, dir := range f.blobs {
		files.AddDirectory(dir)
	}
	return root, files, nil
}

// Built reports whether a layer came with --layer: the build made it, no base brought it. It may be asked after Image.
func (f *Flags) Built(layer digest.Digest) bool { return f.built[layer] }

// Names is the flag --name: the names that an image gets, each with a tag.
type Names []reference.Reference

// DeclareNames declares --name.
func DeclareNames(set *flag.FlagSet) *Names {
	names := new(Names)
	cli.Each(set, "name", "`reference` that names the image, \":latest\" if it has no tag (repeatable)", names.add)
	return names
}

func (n *Names) add(value string) error {
	name, err := reference.Parse(value)
	if err != nil {
		return err
	}
	if name.Digest != "" {
		return fmt.Errorf("image name %q: expected a tag, not a digest", value)
	}
	*n = append(*n, name)
	return nil
}

// Package imageflags is the flags by which a tool gets an image that a build made: its root, its documents, its layers.
//
// The rules pass files, each blob where the build put it. The package turns them into a descriptor and a
// [content.Source]. It checks descriptors and hashes documents, which are small; layers are looked up only when
// somebody asks for their bytes. Layers of a base may be in a registry only: then there is no file, and the package tells
// where they are ([Flags.Remote]) to tools that can go there.
package imageflags

import (
	"flag"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

// Flags are the values of the flags.
type Flags struct {
	// Root is the file with the descriptor of the image or index.
	Root string

	set       *flag.FlagSet
	documents cli.Strings
	layers    cli.Strings
	blobs     cli.Strings
	far       cli.Strings            // --remote-layer
	built     map[digest.Digest]bool // the layers of --layer that no base brought, known once Image was called
	remote    []Remote               // known once Image was called
}

// Remote is a layer that no file holds, only registries.
type Remote struct {
	// Descriptor is the layer's.
	Descriptor oci.Descriptor
	// Sources are the repositories that hold the blob, as "registry/repository", the best first. There is at least one.
	Sources []string
}

// Declare declares --root, --document, --layer, --remote-layer and --blobs.
func Declare(set *flag.FlagSet) *Flags {
	f := &Flags{set: set}
	set.StringVar(&f.Root, "root", "", "`file` with the descriptor of the image or index")
	set.Var(&f.documents, "document", "`file` that is a manifest, a config or an index")
	set.Var(&f.layers, "layer", "a layer: `descriptor=blob`, two files, the first as mklayer writes it")
	set.Var(&f.far, "remote-layer",
		"a layer of a base that is in a registry only: the `file` with its descriptor and sources")
	set.Var(&f.blobs, "blobs", "`directory` with more blobs as sha256/HEX")
	return f
}

// Image returns the descriptor of the root, and the source of all blobs that the flags name as files.
func (f *Flags) Image() (oci.Descriptor, content.Source, error) {
	if err := cli.Require(f.set, "root"); err != nil {
		return oci.Descriptor{}, nil, err
	}
	root, err := wire.ReadDescriptor(f.Root)
	if err != nil {
		return oci.Descriptor{}, nil, err
	}
	files := new(content.Files)
	for _, path := range f.documents {
		if _, _, err := files.AddDocument(path); err != nil {
			return oci.Descriptor{}, nil, err
		}
	}
	if err := f.addLayers(files); err != nil {
		return oci.Descriptor{}, nil, err
	}
	for _, dir := range f.blobs {
		files.AddDirectory(dir)
	}
	return root, files, nil
}

// addLayers reads the layers' descriptors and adds those blobs that are files.
func (f *Flags) addLayers(files *content.Files) error {
	f.built, f.remote = make(map[digest.Digest]bool), nil
	held := make(map[digest.Digest]bool)
	for _, pair := range f.layers {
		descriptor, blob, err := cli.SplitPair(pair)
		if err != nil {
			return cli.Usage("--layer: %w", err)
		}
		layer, err := wire.ReadLayer(descriptor)
		if err != nil {
			return err
		}
		files.Add(layer.Digest, blob)
		held[layer.Digest] = true
		if len(layer.Sources) == 0 {
			f.built[layer.Digest] = true
		}
	}
	for _, path := range f.far {
		layer, err := wire.ReadLayer(path)
		if err != nil {
			return err
		}
		if len(layer.Sources) == 0 {
			return fmt.Errorf("%s: no sources: nothing says which registry holds the layer", path)
		}
		if !held[layer.Digest] {
			f.remote = append(f.remote, Remote{layer.Descriptor(), layer.Sources})
			held[layer.Digest] = true
		}
	}
	return nil
}

// Built reports whether the build made a layer: it came with --layer, and no base brought it. It may be asked after
// Image.
func (f *Flags) Built(layer digest.Digest) bool { return f.built[layer] }

// Remote returns the layers of --remote-layer that no file holds, each once. It may be asked after Image, whose source
// does not find them.
func (f *Flags) Remote() []Remote { return f.remote }

// RequireFiles returns an error if there are remote layers. A tool that needs the bytes and reaches no registry calls it
// after Image.
func (f *Flags) RequireFiles() error {
	if len(f.remote) == 0 {
		return nil
	}
	first := f.remote[0]
	return cli.Hint(fmt.Errorf("layer %s: it is in a registry only (%s)", first.Descriptor.Digest, first.Sources[0]),
		"put an image_archive around the image, which fetches such layers and has the same output groups; image_test and "+
			"image_load need none")
}

// Names is the flag --name: the names that an image gets, each with a tag.
type Names []reference.Reference

// DeclareNames declares --name.
func DeclareNames(set *flag.FlagSet) *Names {
	names := new(Names)
	cli.Each(set, "name", "`reference` that names the image, \":latest\" if it has no tag", names.add)
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

// Package imageflags is the flags by which a tool gets an image that a build made: its root, its documents, its layers.
//
// The rules pass files, each blob where the build put it. The package turns them into an [Image]. It checks descriptors
// and hashes documents, which are small; layers are looked up only when somebody asks for their bytes. Layers of a base
// may be in a registry only: then there is no file, and Image.Remote says where they are, for tools that can go there.
package imageflags

import (
	"cmp"
	"flag"
	"fmt"
	"slices"

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
	remote    cli.Strings
}

// Image is an image or an index that a build made.
type Image struct {
	// Root is the descriptor of the image or index.
	Root oci.Descriptor
	// Files holds all blobs that the flags name as files.
	Files content.Source
	// Remote are the layers of --remote-layer that no file holds, each once. Each has at least one source.
	Remote []content.RemoteLayer
	// Built are the layers that the build made: they come with --layer, and are neither from a base nor a kept archive.
	Built map[digest.Digest]bool
	// Bases are the base images in registries whose layers the image has, with their digests, sorted.
	Bases []reference.Reference
	// Packages are the archives of packages in layers that the build made, sorted, each once.
	Packages []wire.Package
}

// Declare declares --root, --document, --layer, --remote-layer and --blobs.
func Declare(set *flag.FlagSet) *Flags {
	f := &Flags{set: set}
	set.StringVar(&f.Root, "root", "", "`file` with the descriptor of the image or index")
	set.Var(&f.documents, "document", "`file` that is a manifest, a config or an index")
	set.Var(&f.layers, "layer", "a layer, or a file of an artifact: `descriptor=blob`, two files, the first as mklayer or mkblob writes it")
	set.Var(&f.remote, "remote-layer",
		"a layer of a base that is in a registry only: the `file` with its descriptor and sources")
	set.Var(&f.blobs, "blobs",
		"`directory` with more blobs as sha256/HEX, or DIRECTORY=SOURCE: one that mkimport wrote, and its source")
	return f
}

// Image reads the descriptors of the image and its layers, and finds its blobs.
func (f *Flags) Image() (Image, error) {
	if err := cli.Require(f.set, "root"); err != nil {
		return Image{}, err
	}
	root, err := wire.ReadDescriptor(f.Root)
	if err != nil {
		return Image{}, err
	}
	image, err := f.Blobs()
	image.Root = root
	return image, err
}

// Blobs is like Image, for tools that get the roots of one or several images in other ways: it leaves Root unset.
func (f *Flags) Blobs() (Image, error) {
	files := new(content.Files)
	for _, path := range f.documents {
		if err := files.AddDocument(path); err != nil {
			return Image{}, err
		}
	}
	image := Image{Files: files, Built: make(map[digest.Digest]bool)}
	held, err := f.addLayers(files, &image)
	if err != nil {
		return Image{}, err
	}
	for _, value := range f.blobs {
		if err := AddBlobs(files, value); err != nil {
			return Image{}, err
		}
	}
	if err := f.addRemoteLayers(&image, held); err != nil {
		return Image{}, err
	}
	slices.SortFunc(image.Bases, func(a, b reference.Reference) int { return cmp.Compare(a.String(), b.String()) })
	image.Bases = slices.Compact(image.Bases)
	slices.SortFunc(image.Packages, wire.ComparePackages)
	image.Packages = slices.Compact(image.Packages)
	return image, nil
}

// AddBlobs adds the blobs of a value of --blobs.
func AddBlobs(files *content.Files, value string) error {
	dir, source, err := cli.SplitPair(value)
	if err != nil {
		dir = value
	}
	return files.AddStored(dir, source)
}

// addLayers adds the blobs of --layer to files, and those that the build made to the image. It returns all of them.
func (f *Flags) addLayers(files *content.Files, image *Image) (held map[digest.Digest]bool, err error) {
	held = make(map[digest.Digest]bool)
	for _, pair := range f.layers {
		descriptor, blob, err := cli.SplitPair(pair)
		if err != nil {
			return nil, cli.Usage("--layer: %w", err)
		}
		layer, err := wire.ReadBlob(descriptor)
		if err != nil {
			return nil, err
		}
		files.Add(layer.Digest, blob)
		held[layer.Digest] = true
		image.Packages = append(image.Packages, layer.Packages...)
		if len(layer.Sources) == 0 && !layer.Kept {
			image.Built[layer.Digest] = true
		}
		image.addBase(layer)
	}
	return held, nil
}

// addRemoteLayers adds the layers of --remote-layer that are not held.
func (f *Flags) addRemoteLayers(image *Image, held map[digest.Digest]bool) error {
	for _, path := range f.remote {
		layer, err := wire.ReadLayer(path)
		if err != nil {
			return err
		}
		if len(layer.Sources) == 0 {
			return fmt.Errorf("%s: no sources: nothing says which registry holds the layer", path)
		}
		if !held[layer.Digest] {
			image.Remote = append(image.Remote, content.RemoteLayer{Descriptor: layer.Descriptor(), Sources: layer.Sources})
			held[layer.Digest] = true
		}
		image.addBase(layer)
	}
	return nil
}

// addBase adds the base image that a layer belongs to, if any.
func (i *Image) addBase(layer wire.Layer) {
	if layer.Base == "" || len(layer.Sources) == 0 {
		return
	}
	if base, err := reference.ParseRepository(layer.Sources[len(layer.Sources)-1]); err == nil { // checked by wire
		base.Digest = layer.Base
		i.Bases = append(i.Bases, base)
	}
}

// RequireFiles returns an error if there are remote layers. It is for tools that need the bytes and reach no registry.
func (i Image) RequireFiles() error {
	if len(i.Remote) == 0 {
		return nil
	}
	first := i.Remote[0]
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

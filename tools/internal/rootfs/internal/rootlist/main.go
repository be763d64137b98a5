// Rootlist prints the results of package rootfs for e2e/cases/rootfs.sh. It is not for users.
//
// Usage:
//
//	rootlist make CASE DIR       write the layout of a case of package rootfstest
//	rootlist pack DIR LAYER...   write the layout of an image of the layers in these files
//	rootlist limits DIR          write the layout of an image with files at the limits of formats
//	rootlist squashfs-limits DIR likewise, without what squashfs cannot hold
//	rootlist random SEED DIR     write the layout of an image of random layers
//	rootlist above SEED DIR      write the layout of their lowest layer, and one layer with what the others change
//	rootlist list DIR            list the file system of the layout's first image
//	rootlist list LAYER...       list the file system of the layers in these files
package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/internal/rootfstest"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "rootlist:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 3 && args[0] == "make":
		c, err := rootfstest.Read(args[1])
		if err != nil {
			return err
		}
		return c.WriteLayout(ctx, args[2])
	case len(args) >= 3 && args[0] == "pack":
		var c rootfstest.Case
		for _, path := range args[2:] {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			c.Layers = append(c.Layers, data)
		}
		return c.WriteLayout(ctx, args[1])
	case len(args) == 2 && (args[0] == "limits" || args[0] == "squashfs-limits"):
		rich := args[0] == "limits"
		layer, err := rootfstest.Limits(rootfstest.Beyond{Times: rich, Xattrs: true, ACLs: rich})
		if err != nil {
			return err
		}
		return (&rootfstest.Case{Layers: [][]byte{layer}}).WriteLayout(ctx, args[1])
	case len(args) == 3 && args[0] == "random":
		return random(ctx, args[1], args[2])
	case len(args) == 3 && args[0] == "above":
		return above(ctx, args[1], args[2])
	case len(args) >= 2 && args[0] == "list":
		fs, err := merge(ctx, args[1:])
		if err != nil {
			return err
		}
		text, err := rootfstest.List(ctx, fs)
		fmt.Print(text)
		return err
	}
	return errors.New("usage: rootlist make CASE DIR, pack DIR LAYERS, limits DIR, squashfs-limits DIR, random SEED DIR, above SEED DIR, list DIR, or list LAYERS")
}

// randomLayers returns random layers that depend on the seed, a number, only.
func randomLayers(seed string) ([][]byte, error) {
	n, err := strconv.ParseUint(seed, 10, 64)
	if err != nil {
		return nil, err
	}
	return rootfstest.Random(rand.New(rand.NewPCG(n, 0)))
}

// random writes a layout of random layers.
func random(ctx context.Context, seed, dir string) error {
	layers, err := randomLayers(seed)
	if err != nil {
		return err
	}
	return (&rootfstest.Case{Layers: layers}).WriteLayout(ctx, dir)
}

// merge merges the layers of a layout, if there is one path and it is a directory, or otherwise those in files.
func merge(ctx context.Context, paths []string) (*rootfs.FileSystem, error) {
	if info, err := os.Stat(paths[0]); err == nil && info.IsDir() && len(paths) == 1 {
		image, err := layout.Open(os.DirFS(paths[0]))
		if err != nil {
			return nil, err
		}
		if len(image.Roots()) == 0 {
			return nil, fmt.Errorf("%s: no image", paths[0])
		}
		return rootfs.Image(ctx, image, image.Roots()[0])
	}
	files := new(content.Files)
	var layers []oci.Descriptor
	for _, path := range paths {
		d, size, err := digest.FromFile(path)
		if err != nil {
			return nil, err
		}
		files.Add(d, path)
		layers = append(layers, oci.Descriptor{MediaType: oci.MediaTypeLayer, Digest: d, Size: size})
	}
	return rootfs.Merge(ctx, files, layers)
}

package main

import (
	"context"
	"errors"
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/internal/rootfstest"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/tarball"
)

// above writes a layout of two layers: the lowest of random layers, and one with everything that the others change.
func above(ctx context.Context, seed, dir string) error {
	layers, err := randomLayers(seed)
	if err != nil {
		return err
	}
	if len(layers) < 2 {
		return errors.New("only one layer")
	}
	fs, err := mergeArchives(ctx, layers)
	if err != nil {
		return err
	}
	lower, err := mergeArchives(ctx, layers[:1])
	if err != nil {
		return err
	}
	one, err := pack(ctx, lower, tarball.All(lower))
	if err != nil {
		return err
	}
	two, err := pack(ctx, fs, tarball.Above(lower, fs, 1))
	if err != nil {
		return err
	}
	return (&rootfstest.Case{Layers: [][]byte{one, two}}).WriteLayout(ctx, dir)
}

func mergeArchives(ctx context.Context, layers [][]byte) (*rootfs.FileSystem, error) {
	root, blobs, err := rootfstest.Image(ctx, layers...)
	if err != nil {
		return nil, err
	}
	return rootfs.Image(ctx, blobs, root)
}

// pack returns the tar of the items.
func pack(ctx context.Context, fs *rootfs.FileSystem, items []tarball.Item) ([]byte, error) {
	plan, err := tarball.New(items)
	if err != nil {
		return nil, err
	}
	f, err := os.CreateTemp("", "rootlist")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err := plan.Write(ctx, fs, f); err != nil {
		return nil, err
	}
	return os.ReadFile(f.Name())
}

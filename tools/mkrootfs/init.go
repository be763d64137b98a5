package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/bootable"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/guest"
)

// addInit adds the init process of --init, which starts what the config of the image states.
func (r *request) addInit(ctx context.Context, fs *rootfs.FileSystem, src content.Source, image content.Image) error {
	program, err := os.ReadFile(r.init)
	if err != nil {
		return err
	}
	config, err := content.ReadAll(ctx, src, image.Manifest.Config)
	if err != nil {
		return err
	}
	err = bootable.Add(ctx, fs, config, bootable.Init{Program: program, Hostname: r.hostname})
	switch {
	case errors.Is(err, bootable.ErrArchitecture):
		err = cli.Hint(err, "in a rule, build for the image's platform, for example with --platforms, or set the attribute init")
	case errors.Is(err, bootable.ErrReserved):
		err = cli.Hint(err, "an image may have kernel modules in %s, and nothing else in %s", guest.Modules, guest.Dir)
	}
	if err != nil {
		return fmt.Errorf("init: %w", err)
	}
	return nil
}

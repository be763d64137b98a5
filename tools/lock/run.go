package main

import (
	"context"
	"flag"
	"os"
	"path/filepath"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/progress"
	"github.com/rules-strata/rules_strata/tools/internal/cli/registryflags"
	"github.com/rules-strata/rules_strata/tools/internal/registry/lock"
)

// lockName is the default name of the file.
const lockName = "images.lock.json"

var command = cli.Group{
	Name:    "lock",
	Summary: "pin base images, so that builds need no network",
	Details: `
The lock file is images.lock.json in the workspace; --lock names another. Check it in.

The tool uses the credentials that "docker login" and "podman login" saved, including their credential helpers. The file
contains no secrets. TLS is optional for a registry on this machine.`,
	Commands: []cli.Command{
		{
			Name: "add", Operands: "NAME REFERENCE", New: newAdd,
			Summary: "pin an image, which is @NAME in builds",
			Details: `
REFERENCE is an image's name with a tag or a digest, such as docker.io/library/debian:12. For an index, linux/amd64 and
linux/arm64 are pinned if it has them; --platform selects others.

Layers are read once and not kept, except for their directories and symlinks, which builds compare with the layers on
top. --no-shape skips that.`,
		},
		{
			Name: "update", Operands: "[NAME]...", New: newUpdate,
			Summary: "pin the current images of the tags, for the images NAME or for all, for the same platforms",
		},
		{Name: "remove", Operands: "NAME...", New: newRemove, Summary: "remove images from the file"},
		{
			Name: "verify", Operands: "[NAME]...", New: newVerify,
			Summary: "check that registries still have everything in the file",
			Details: `
The file itself is always checked as a whole: each document must have the digest by which another one refers to it. Then
each manifest, config and layer of the images NAME, or of all, is looked up in the image's registry and mirrors. A tag
that now resolves to another image is reported, but is not an error.`,
		},
		{Name: "list", New: newList, Summary: "print name, reference, digest and platforms of each image, one per line"},
	},
}

// settings are the values of the flags that commands share.
type settings struct {
	path       string
	connection *registryflags.Flags
	noShape    bool
}

func (s *settings) declare(flags *flag.FlagSet) {
	flags.StringVar(&s.path, "lock", "", "lock `file` (default images.lock.json in the workspace)")
}

// declareConnection declares the flags of a command that connects to registries.
func (s *settings) declareConnection(flags *flag.FlagSet) {
	s.connection = registryflags.Declare(flags)
}

func (s *settings) declareShape(flags *flag.FlagSet) {
	flags.BoolVar(&s.noShape, "no-shape", false, "read no layers, now and in updates: builds compare nothing with them")
}

// file returns the path of the lock file.
func (s *settings) file() string {
	if s.path == "" {
		return filepath.Join(os.Getenv("BUILD_WORKSPACE_DIRECTORY"), lockName)
	}
	return s.path
}

// pin calls do with a keeper of the lock file, and shows the progress of reading layers until do returns.
func (s *settings) pin(ctx context.Context, std cli.Streams, do func(context.Context, lock.Keeper) error) error {
	var meter progress.Meter
	display := progress.NewDisplay(std.Err, progress.Terminal(std.Err), &meter)
	defer display.Close()
	keeper := lock.Keeper{Path: s.file(), Client: s.connection.Client(), Watch: meter.Watch}
	return do(cli.WithNotices(ctx, display), keeper) // Notices do not break the progress bars.
}

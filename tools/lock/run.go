package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/image/lockfile"
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
	path     string
	insecure bool
	noShape  bool
}

func (s *settings) declare(flags *flag.FlagSet, online bool) {
	flags.StringVar(&s.path, "lock", "", "lock `file` (default images.lock.json in the workspace)")
	if online {
		flags.BoolVar(&s.insecure, "insecure", false, "accept an untrusted certificate, or no TLS at all")
	}
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

// read reads the lock file, which must exist unless it may be new.
func (s *settings) read(mayBeNew bool) (*lockfile.File, error) {
	f, err := lockfile.Read(s.file())
	switch {
	case !errors.Is(err, fs.ErrNotExist):
		return f, err
	case mayBeNew:
		return f, nil
	}
	return nil, cli.Hint(fmt.Errorf("%s: the file does not exist", s.file()),
		"\"lock add NAME REFERENCE\" creates it; --lock names another file")
}

// change changes the lock file, which must exist unless it may be new. It locks the file while it reads it, calls do and
// writes it. Other commands wait meanwhile, so do should not wait for a registry.
func (s *settings) change(ctx context.Context, mayBeNew bool, do func(*lockfile.File) error) error {
	unlock, err := lockfile.Lock(ctx, s.file())
	if err != nil {
		return err
	}
	defer unlock()
	f, err := s.read(mayBeNew)
	if err != nil {
		return err
	}
	if err := do(f); err != nil {
		return err
	}
	return f.Write(s.file())
}

// some returns the names, sorted, or those of all images if there are none. Each must be in the file.
func some(f *lockfile.File, names []string) ([]string, error) {
	for _, name := range names {
		if _, ok := f.Images[name]; !ok {
			return nil, cli.Hint(fmt.Errorf("image %q is not in the lock file", name), "\"lock list\" lists the images")
		}
	}
	if len(names) == 0 {
		for name := range f.Images {
			names = append(names, name)
		}
	}
	names = slices.Clone(names)
	slices.Sort(names)
	return slices.Compact(names), nil
}

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

// lockName is the file's name where none is given.
const lockName = "images.lock.json"

var command = cli.Group{
	Name:    "lock",
	Summary: "pin base images, so that builds need no network",
	Details: `
The lock file is images.lock.json in the workspace; --lock names another. It belongs into version control.

Credentials are those that "docker login" and "podman login" left, with their helper programs. No secret gets into the
file. A registry on this machine may do without TLS.`,
	Commands: []cli.Command{
		{
			Name: "add", Operands: "NAME REFERENCE", New: newAdd,
			Summary: "pin an image, which builds then know as @NAME",
			Details: `
REFERENCE is an image's name with a tag or a digest, like docker.io/library/debian:12. Of an index linux/amd64 and
linux/arm64 are pinned, as far as it has them; --platform says otherwise.

Layers are read once and not kept, but for their directories and symlinks, with which builds compare what is put on them.
--no-shape does without.`,
		},
		{
			Name: "update", Operands: "[NAME]...", New: newUpdate,
			Summary: "pin what the tags mean now, of the images NAME or of all, for the same platforms",
		},
		{Name: "remove", Operands: "NAME...", New: newRemove, Summary: "forget images"},
		{
			Name: "verify", Operands: "[NAME]...", New: newVerify,
			Summary: "check that registries still hold all that the file promises",
			Details: `
The file itself is always checked as a whole: each document must have the digest by which another one names it. Then
the registries and mirrors of the images NAME, or of all, are asked for each manifest, config and layer. A tag that
means another image by now is told of, and is no error.`,
		},
		{Name: "list", New: newList, Summary: "print name, reference, digest and platforms of each image, one image a line"},
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
		flags.BoolVar(&s.insecure, "insecure", false, "accept an unknown certificate, or no TLS at all")
	}
}

func (s *settings) declareShape(flags *flag.FlagSet) {
	flags.BoolVar(&s.noShape, "no-shape", false, "read no layers, now and in updates: nothing is compared with them")
}

// file returns the path of the lock file.
func (s *settings) file() string {
	if s.path == "" {
		return filepath.Join(os.Getenv("BUILD_WORKSPACE_DIRECTORY"), lockName)
	}
	return s.path
}

// read reads the lock file, which must be there unless it may be new.
func (s *settings) read(mayBeNew bool) (*lockfile.File, error) {
	f, err := lockfile.Read(s.file())
	switch {
	case !errors.Is(err, fs.ErrNotExist):
		return f, err
	case mayBeNew:
		return f, nil
	}
	return nil, cli.Hint(fmt.Errorf("%s: there is no such file", s.file()),
		"\"lock add NAME REFERENCE\" makes it; --lock names another file")
}

// change changes the lock file, which must be there unless it may be new. No other command changes it meanwhile, so do
// gets what they have left, and should not wait for a registry.
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

// some returns the names, or all of them if there are none, sorted. Each must be in the file.
func some(f *lockfile.File, names []string) ([]string, error) {
	for _, name := range names {
		if _, ok := f.Images[name]; !ok {
			return nil, cli.Hint(fmt.Errorf("image %q is not in the lock file", name), "\"lock list\" lists those that are")
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

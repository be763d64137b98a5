package main

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/source"
	"github.com/rules-strata/rules_strata/tools/internal/tree"
)

// inputs are the flags that say what is in the layer.
type inputs struct {
	tree    tree.Builder
	pending []func(*source.Reader) error // what to read from disk once all flags are parsed
}

func (in *inputs) declare(flags *flag.FlagSet) {
	in.tree.Same = source.Same
	pairs := func(name, usage string, use func(key, value string) error) {
		cli.Each(flags, name, usage+" (repeat)", func(text string) error {
			key, value, err := cli.SplitPair(text)
			if err != nil {
				return err
			}
			return use(key, value)
		})
	}
	pairs("file", "file, symlink or directory `PATH=SRC`", func(path, src string) error { return in.file(path, src, 0) })
	pairs("executable", "file `PATH=SRC` with mode 0755", func(path, src string) error {
		return in.file(path, src, tree.Perm(0o755))
	})
	pairs("tree", "directory with all it holds `PATH=DIR`", in.directory)
	pairs("symlink", "symlink `PATH=TARGET`", in.symlink)
	cli.Each(flags, "dir", "empty directory `PATH` (repeat)", func(path string) error {
		return in.tree.Add(tree.Entry{Path: path, Kind: tree.Dir, Origin: "--dir=" + path})
	})
	cli.Each(flags, "empty-file", "empty file `PATH` (repeat)", func(path string) error {
		return in.tree.Add(tree.Entry{Path: path, Origin: "--empty-file=" + path})
	})
	pairs("mode", "permissions `PATTERN=OCTAL`", in.mode)
	pairs("owner", "owner `PATTERN=UID:GID`", in.owner)
	pairs("owner-name", "owner's names `PATTERN=USER:GROUP`", in.ownerName)
	flags.Func("mtime", "modification `time` of everything, in seconds since 1970 or as RFC 3339 (default 0)", in.modTime)
}

func (in *inputs) file(path, src string, mode tree.Mode) error {
	in.pending = append(in.pending, func(r *source.Reader) error {
		e, err := r.Read(src)
		if errors.Is(err, source.ErrDirectory) && mode == 0 {
			// Bazel tells rules of the directories that actions make, but not of those in the source tree.
			return r.Walk(src, func(name string, e tree.Entry) error {
				e.Path = path + "/" + name
				return in.tree.Add(e)
			})
		}
		if err != nil {
			return err
		}
		e.Path, e.Mode = path, mode
		return in.tree.Add(e)
	})
	return nil
}

// directory adds a tree. One that is put at the root brings what it holds, not the root itself.
func (in *inputs) directory(path, src string) error {
	path, err := tree.Clean(path)
	if err != nil {
		return fmt.Errorf("image path: %w", err)
	}
	in.pending = append(in.pending, func(r *source.Reader) error {
		return r.Walk(src, func(name string, e tree.Entry) error {
			if name == "" && path == "/" {
				return nil
			}
			e.Path = path + "/" + name
			return in.tree.Add(e)
		})
	})
	return nil
}

func (in *inputs) symlink(path, target string) error {
	return in.tree.Add(tree.Entry{
		Path: path, Kind: tree.Symlink, Target: target, Origin: "--symlink=" + path,
	})
}

func (in *inputs) mode(pattern, value string) error {
	bits, err := strconv.ParseUint(value, 8, 32)
	if err != nil || bits > 0o7777 {
		return fmt.Errorf("mode %q: expected an octal number from 0 to 7777", value)
	}
	return in.tree.Rules.Mode(pattern, tree.Perm(uint32(bits)))
}

func (in *inputs) owner(pattern, value string) error {
	user, group, ok := strings.Cut(value, ":")
	uid, errUID := strconv.ParseUint(user, 10, 32)
	gid, errGID := strconv.ParseUint(group, 10, 32)
	if !ok || errUID != nil || errGID != nil {
		return fmt.Errorf("owner %q: expected UID:GID, two decimal numbers below 4294967296", value)
	}
	return in.tree.Rules.Owner(pattern, uint32(uid), uint32(gid))
}

func (in *inputs) ownerName(pattern, value string) error {
	user, group, ok := strings.Cut(value, ":")
	if !ok {
		return fmt.Errorf("owner name %q: expected USER:GROUP", value)
	}
	return in.tree.Rules.OwnerName(pattern, user, group)
}

func (in *inputs) modTime(value string) error {
	t, err := time.Parse(time.RFC3339, value)
	if seconds, errNumber := strconv.ParseInt(value, 10, 64); errNumber == nil {
		t, err = time.Unix(seconds, 0).UTC(), nil
	}
	switch {
	case err != nil:
		return fmt.Errorf("time %q: expected seconds since 1970 or a time like 2006-01-02T15:04:05Z", value)
	case t.Year() < 1 || t.Year() > 9999:
		return fmt.Errorf("time %q: the year is not one of 1 to 9999", value)
	}
	in.tree.ModTime = t
	return nil
}

// read reads the inputs from disk.
func (in *inputs) read(r *source.Reader) error {
	for _, read := range in.pending {
		if err := read(r); err != nil {
			return err
		}
	}
	return nil
}

package main

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/layer/shape"
	"github.com/rules-strata/rules_strata/tools/internal/layer/source"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// inputs are the flags that say what is in the layer.
type inputs struct {
	tree    tree.Builder
	tars    []string
	strip   string              // the directory of tars whose contents are taken, "" for the root
	links   map[string]bool     // the inputs that are symlinks themselves
	to      string              // the directory that tars' contents go to, "" for the root
	below   shape.Shape         // what the layer is put over
	given   given               // what the next entries have, unless a rule says otherwise
	pending []func(*disk) error // what adds the entries, in the order of the flags
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
	pairs("file", "file or directory `PATH=SRC`", func(path, src string) error { return in.file(path, src, 0) })
	pairs("executable", "file `PATH=SRC` with mode 0755", func(path, src string) error {
		return in.file(path, src, tree.Perm(0o755))
	})
	pairs("tree", "directory with all it holds `PATH=DIR`", in.directory)
	in.links = make(map[string]bool)
	cli.Each(flags, "declared-symlink", "`SRC` of a --file that is a symlink itself, wherever it leads (repeat)",
		func(src string) error {
			in.links[src] = true
			return nil
		})
	pairs("symlink", "symlink `PATH=TARGET`", in.symlink)
	cli.Each(flags, "as", "`MODE:UID:GID:USER:GROUP` of files, trees, symlinks and directories in later flags, each part "+
		"may be empty (repeat)", in.given.parse)
	cli.Each(flags, "tar", "tar `archive`, plain or packed with gzip, bzip2, xz or zstd (repeat)", in.tar)
	flags.Func("strip-prefix", "`directory` in each --tar: what is below it is taken, all else is not",
		directory(&in.strip))
	flags.Func("package-dir", "`directory` in the image that the contents of each --tar go to", directory(&in.to))
	cli.Each(flags, "deb", "Debian `package` to unpack; its scripts do not run (repeat)", in.deb)
	in.paths(flags, "dir", "empty directory `PATH`", tree.Dir)
	in.paths(flags, "empty-file", "empty file `PATH`", tree.File)
	in.paths(flags, "remove", "`PATH` in lower layers to delete", tree.Whiteout)
	in.paths(flags, "opaque", "directory `PATH` whose contents in lower layers are hidden", tree.Opaque)
	pairs("mode", "permissions `PATTERN=OCTAL`", in.mode)
	pairs("owner", "owner `PATTERN=UID:GID`", in.owner)
	pairs("owner-name", "owner's names `PATTERN=USER:GROUP`", in.ownerName)
	pairs("xattr", "extended attribute `PATTERN=NAME=VALUE`, VALUE as text or 0x (hexadecimal) or 0s (base64)", in.xattr)
	flags.BoolFunc("hardlinks", "store identical files with the same metadata once, as hard links", func(string) error {
		in.tree.Link = source.Identical
		return nil
	})
	flags.Func("duplicates", "which of several inputs for one path counts: error (default), `first` or last",
		in.duplicates)
	pairs("mtime-of", "modification time `PATTERN=TIME`, as --mtime", func(pattern, value string) error {
		t, err := parseTime(value)
		if err != nil {
			return err
		}
		return in.tree.Rules.ModTime(pattern, t)
	})
	cli.Each(flags, "over", "`shape` of layers below: entries go through their symlinks, and directories that nobody states "+
		"are as they are there (repeat)", in.over)
	flags.Func("mtime", "modification `time` of what has none of its own, in seconds since 1970 or as RFC 3339 (default 0)",
		in.modTime)
}

// over puts the shape in a file on top of what the layer is put over.
func (in *inputs) over(path string) error {
	s, err := shape.Read(path)
	if err != nil {
		return err
	}
	in.below.Put(s)
	in.tree.Below.Links = in.below.Symlinks
	in.tree.Below.Dir = func(path string) (tree.Mode, uint32, uint32, bool) {
		dir, ok := in.below.Dirs[path]
		return tree.Perm(uint32(dir.Mode)), dir.UID, dir.GID, ok
	}
	return nil
}

func (in *inputs) file(path, src string, mode tree.Mode) error {
	given := in.given
	in.pending = append(in.pending, func(*disk) error {
		read := source.Read
		if in.links[src] {
			read = source.ReadLink
		}
		e, err := read(src)
		if errors.Is(err, source.ErrDirectory) && mode == 0 {
			// Bazel tells rules of the directories that actions make, but not of those in the source tree.
			return in.walk(path, src, given)
		}
		if err != nil {
			return err
		}
		given.giveTo(&e)
		if mode.Known() {
			e.Mode = mode
		}
		e.Path = path
		return in.tree.Add(e)
	})
	return nil
}

func (in *inputs) symlink(path, target string) error {
	return in.add(tree.Entry{Path: path, Kind: tree.Symlink, Target: target, Origin: "--symlink=" + path})
}

// paths declares a flag for entries that are nothing but a path.
func (in *inputs) paths(flags *flag.FlagSet, name, usage string, kind tree.Kind) {
	cli.Each(flags, name, usage+" (repeat)", func(path string) error {
		return in.add(tree.Entry{Path: path, Kind: kind, Origin: "--" + name + "=" + path})
	})
}

// add adds an entry that needs nothing from disk, after those of earlier flags. What is wrong with it is told at once.
func (in *inputs) add(e tree.Entry) error {
	in.given.giveTo(&e)
	if err := new(tree.Builder).Add(e); err != nil {
		return err
	}
	in.pending = append(in.pending, func(*disk) error { return in.tree.Add(e) })
	return nil
}

func (in *inputs) mode(pattern, value string) error {
	mode, err := parseMode(value)
	if err != nil {
		return err
	}
	return in.tree.Rules.Mode(pattern, mode)
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

func (in *inputs) duplicates(value string) error {
	switch value {
	case "error":
		in.tree.Duplicates = tree.Refuse
	case "first", "last":
		in.tree.Duplicates = tree.Duplicates(value)
	default:
		return fmt.Errorf("%q: expected error, first or last", value)
	}
	return nil
}

func (in *inputs) modTime(value string) (err error) {
	in.tree.ModTime, err = parseTime(value)
	return err
}

func parseTime(value string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, value)
	if seconds, errNumber := strconv.ParseInt(value, 10, 64); errNumber == nil {
		t, err = time.Unix(seconds, 0).UTC(), nil
	}
	switch {
	case err != nil:
		return t, fmt.Errorf("time %q: expected seconds since 1970 or a time like 2006-01-02T15:04:05Z", value)
	case t.Year() < 1 || t.Year() > 9999:
		return t, fmt.Errorf("time %q: the year is not one of 1 to 9999", value)
	}
	return t, nil
}

// read reads the inputs from disk.
func (in *inputs) read(d *disk) error {
	for _, read := range in.pending {
		if err := read(d); err != nil {
			return err
		}
	}
	return nil
}

package ldcache

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
)

// config is the file that lists the directories of libraries.
const config = "/etc/ld.so.conf"

// Directories that are always searched, last.
var builtin = []string{"/lib", "/usr/lib"}

const (
	maxConfig   = 1 << 20 // bytes of one file
	maxIncluded = 1000    // files
)

var errConfig = errors.New(config + " includes too many files, or too large ones")

// Dirs returns the directories of libraries in a file system, in the order of the search: those that ld.so.conf and the files
// that it includes list, and the usual ones.
func Dirs(ctx context.Context, fs *rootfs.FileSystem) ([]string, error) {
	c := conf{ctx: ctx, fs: fs}
	if err := c.read(config); err != nil {
		return nil, err
	}
	return append(c.dirs, builtin...), nil
}

type conf struct {
	ctx  context.Context
	fs   *rootfs.FileSystem
	dirs []string
	seen int
}

// read reads a file, if it exists.
func (c *conf) read(file string) error {
	at, err := c.fs.Find(file, true)
	if errors.Is(err, fs.ErrNotExist) || err == nil && at.File.Kind != tree.File {
		return nil
	}
	if err != nil {
		return err
	}
	if c.seen++; c.seen > maxIncluded || at.File.Size > maxConfig {
		return errConfig
	}
	var text bytes.Buffer
	if err := c.fs.Copy(c.ctx, &text, file); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "hwcap":
		case words[0] == "include":
			for _, pattern := range words[1:] {
				if err := c.include(file, pattern); err != nil {
					return err
				}
			}
		case strings.HasPrefix(words[0], "/"):
			dir, _, _ := strings.Cut(words[0], "=") // a kind of library, of the time before glibc
			c.dirs = append(c.dirs, path.Clean(dir))
		}
	}
	return nil
}

// include reads the files that match a pattern, whose last element may have wildcards.
func (c *conf) include(from, pattern string) error {
	if !path.IsAbs(pattern) {
		pattern = path.Join(path.Dir(from), pattern)
	}
	dir, glob := path.Split(pattern)
	all, err := c.fs.List(dir, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var names []string
	for _, e := range all {
		if ok, err := path.Match(glob, path.Base(e.Path)); err == nil && ok {
			names = append(names, path.Base(e.Path))
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if err := c.read(dir + name); err != nil {
			return err
		}
	}
	return nil
}

// Package source reads a layer's inputs from disk, as Bazel presents them to an action.
//
// Only the content of an input matters: links to it are followed. In a sandbox each file is a link, a local action sees
// the links that another action made, and a cache returns copies; the content is the same in all cases. A link is kept
// only if the caller states that it is the input itself ([ReadLink]). Permission bits on disk are ignored (Bazel and
// remote executors mark every file executable): [Executable] decides by content.
//
// Non-goals: metadata and image paths (package tree), archives as inputs.
package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

var (
	// ErrDirectory is returned for a directory where a file is expected.
	ErrDirectory = errors.New("a directory, expected a file")
	// ErrNowhere is returned for an input that is a dangling symlink.
	ErrNowhere = errors.New("a dangling symlink")
	// ErrEndless is returned for an input that is a symlink to a directory that contains it.
	ErrEndless = errors.New("a symlink to a directory that contains it")
)

// Read returns the entry for the file src, without an image path.
func Read(src string) (tree.Entry, error) {
	kind, err := stat(src)
	if err != nil {
		return tree.Entry{}, err
	}
	if kind == fs.ModeDir {
		return tree.Entry{}, fmt.Errorf("%s: %w", src, ErrDirectory)
	}
	return entry(src, kind)
}

// ReadLink returns the entry for an input src that is itself a symlink, without an image path. Bazel makes such a link
// with the same target for every action; whether the target exists does not matter.
func ReadLink(src string) (tree.Entry, error) {
	target, err := os.Readlink(src)
	if err != nil {
		return tree.Entry{}, err
	}
	return tree.Entry{Kind: tree.Symlink, Target: target, Origin: src}, nil
}

// stat returns the kind of the file at path, following all links.
func stat(path string) (fs.FileMode, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, errLink := os.Readlink(path); errLink == nil {
			return 0, fmt.Errorf("%s: %w", path, ErrNowhere)
		}
	}
	if err != nil {
		return 0, err
	}
	return info.Mode().Type(), nil
}

// entry returns the tree entry for the file at path, which is not a directory.
func entry(path string, kind fs.FileMode) (tree.Entry, error) {
	if kind != 0 {
		return tree.Entry{}, fmt.Errorf("%s: a %s, expected a regular file", path, kindName(kind))
	}
	return tree.Entry{Kind: tree.File, Content: File(path), Origin: path}, nil
}

// kindName names a kind of file that cannot be an input.
func kindName(kind fs.FileMode) string {
	switch {
	case kind&fs.ModeNamedPipe != 0:
		return "named pipe"
	case kind&fs.ModeSocket != 0:
		return "socket"
	case kind&fs.ModeDevice != 0:
		return "device"
	}
	return "file of unknown kind"
}

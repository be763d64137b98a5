// Package container runs commands in the file system of an image, without an engine, a daemon or root rights.
//
// A command runs in namespaces of its own, for users, mounts, processes, hostnames and the network: it sees the files of the
// image, a /proc and a few devices, and reaches no network. Its user owns all files, because a user namespace that an
// ordinary user may create has one user. So a command that an engine would deny to write to a file can write to it here.
//
// The program that uses the package must call [Init] first.
//
// Non-goals: resource limits, images for other processors, interactive commands.
package container

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
)

// ErrUnavailable is returned when the machine does not permit the namespaces that a container needs.
var ErrUnavailable = errors.New("containers without an engine are not possible here")

// MaxOutput is how many bytes of standard output and of standard error are kept. A command that writes more is stopped.
const MaxOutput = 16 << 20

// Process describes a command.
type Process struct {
	// Args are the program and its arguments. A program without a slash is searched for in the PATH of Env.
	Args []string `json:"args"`
	// Env is the environment, as NAME=VALUE.
	Env []string `json:"env"`
	// Dir is the working directory, which is created if it is missing.
	Dir string `json:"dir"`
	// UID and GID are the numbers of the user.
	UID uint32 `json:"uid"`
	GID uint32 `json:"gid"`
}

// Outcome is what a command did.
type Outcome struct {
	Stdout, Stderr []byte
	ExitCode       int
}

// Image holds the files of an image on disk, from which each container gets a copy. It must be closed.
type Image struct {
	scratch string // the directory for everything
	master  string // the files
	copies  int
}

// New unpacks the files of an image to a temporary directory below scratch.
func New(ctx context.Context, files *rootfs.FileSystem, scratch string) (*Image, error) {
	dir, err := os.MkdirTemp(scratch, "containers-")
	if err != nil {
		return nil, err
	}
	i := &Image{scratch: dir, master: filepath.Join(dir, "image")}
	if err := unpack(ctx, files, i.master); err != nil {
		return nil, errors.Join(err, i.Close())
	}
	return i, nil
}

// Close removes all files.
func (i *Image) Close() error { return remove(i.scratch) }

// Container is a copy of an image's files, in which commands run one after the other. It must be closed.
type Container struct{ root string }

// Container makes a copy of the files.
func (i *Image) Container() (*Container, error) {
	i.copies++
	c := &Container{filepath.Join(i.scratch, fmt.Sprintf("container-%d", i.copies))}
	if err := copyTree(i.master, c.root); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Close removes the files.
func (c *Container) Close() error { return remove(c.root) }

// Package bootable puts an init process into the file system of an image, so that a virtual machine can start from it.
//
// What the process starts follows from the image's config and from /etc/passwd and /etc/group of the merged layers (package
// guest). The process and its instructions become one more layer, which also has the mount points that the image lacks:
// on a read-only root nothing can create them later.
package bootable

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/source"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/guest"
)

// Init is the init process, and what the image does not state about the machine.
type Init struct {
	// Program is the init process, an ELF file.
	Program []byte
	// Hostname is the machine's name, or empty.
	Hostname string
}

var (
	// ErrReserved is returned for an image with files where the init process has its own.
	ErrReserved = errors.New("reserved for the init process")
	// ErrArchitecture is returned for an init process that the image's machine cannot run.
	ErrArchitecture = errors.New("the init is not a program for the image's platform")
)

// mountPoints are the directories that the init process mounts file systems on, and their modes.
var mountPoints = []struct {
	path string
	mode int64
}{{"/dev", 0o755}, {"/proc", 0o555}, {"/run", 0o755}, {"/sys", 0o555}, {"/tmp", 0o1777}}

// Add adds an init process to the file system of the image with the given config.
func Add(ctx context.Context, fs *rootfs.FileSystem, config []byte, init Init) error {
	var image struct {
		OS           string          `json:"os"`
		Architecture string          `json:"architecture"`
		Config       oci.ImageConfig `json:"config"`
	}
	if err := json.Unmarshal(config, &image); err != nil {
		return fmt.Errorf("config: %w", err)
	}
	architecture := source.Architecture(init.Program)
	if image.OS != "linux" || architecture == "" || architecture != image.Architecture {
		return fmt.Errorf("%w: it is for %s, the image for %s/%s", ErrArchitecture, named(architecture), image.OS, image.Architecture)
	}
	if err := checkReserved(fs); err != nil {
		return err
	}
	run, err := resolve(ctx, fs, image.Config)
	if err != nil {
		return err
	}
	run.Hostname = init.Hostname
	text, err := run.Encode()
	if err != nil {
		return err
	}
	blob, err := layer(fs, run.Dir, init.Program, text)
	if err != nil {
		return err
	}
	return fs.Add(ctx, blob, blob.descriptor)
}

func named(architecture string) string {
	if architecture == "" {
		return "no Linux machine"
	}
	return "linux/" + architecture
}

// checkReserved rejects files in the directory of the init process, except kernel modules.
func checkReserved(fs *rootfs.FileSystem) error {
	for _, e := range fs.Entries() {
		below, ok := strings.CutPrefix(e.Path, guest.Dir)
		switch {
		case !ok || below != "" && below[0] != '/':
		case (e.Path == guest.Dir || e.Path == guest.Modules) && e.File.Kind == tree.Dir:
		case strings.HasPrefix(e.Path, guest.Modules+"/"):
		default:
			return fmt.Errorf("entry %q: %w", e.Path, ErrReserved)
		}
	}
	return nil
}

// resolve returns what an engine would start from the image.
func resolve(ctx context.Context, fs *rootfs.FileSystem, c oci.ImageConfig) (guest.Run, error) {
	accounts, err := Accounts(ctx, fs)
	if err != nil {
		return guest.Run{}, err
	}
	return guest.Resolve(guest.Config{
		Entrypoint: c.Entrypoint, Cmd: c.Cmd, Env: c.Env, User: c.User, WorkingDir: c.WorkingDir, StopSignal: c.StopSignal,
	}, accounts)
}

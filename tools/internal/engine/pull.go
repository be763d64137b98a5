package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// minPull is the least number of bytes for which a directory is worth the second call of the program, which names the
// image.
const minPull = 16 << 20

// directoryVersion is the file "version" of a directory in the format that containers-transports(5) calls "dir".
const directoryVersion = "Directory Transport Version: 1.1\n"

// pull gives the program a directory with links to the image's blobs, and then the image's names. Podman copies its
// standard input to a file before it reads an archive; here it reads each layer where it is.
func (e *Engine) pull(ctx context.Context, image Image, omit map[digest.Digest]bool) error {
	dir, err := os.MkdirTemp("", "strata-load-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	id, err := writeDirectory(ctx, dir, image, omit)
	if err != nil {
		return err
	}
	if err := e.call(ctx, append(slices.Clone(e.kind.pull), "dir:"+dir)); err != nil {
		return err
	}
	return e.tag(ctx, id.Encoded(), image.Names)
}

// call runs the program, whose output is part of the error.
func (e *Engine) call(ctx context.Context, args []string) error {
	cmd := e.command(ctx, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = graceTime
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w%s", e.kind.program, args[0], err, quote(string(said)))
	}
	return nil
}

// writeDirectory writes the image to dir, without the layers in omit, and returns the digest of its config, which is its ID.
// Blobs in files become symlinks, which the engine verifies.
func writeDirectory(
	ctx context.Context, dir string, image Image, omit map[digest.Digest]bool,
) (digest.Digest, error) {
	text, err := content.ReadAll(ctx, image.Source, image.Root)
	if err != nil {
		return "", err
	}
	manifest, err := oci.ParseManifest(text, image.Root.MediaType)
	if err != nil {
		return "", err
	}
	for name, data := range map[string][]byte{"manifest.json": text, "version": []byte(directoryVersion)} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return "", err
		}
	}
	for _, d := range append([]oci.Descriptor{manifest.Config}, manifest.Layers...) {
		path := filepath.Join(dir, d.Digest.Encoded())
		if _, err := os.Lstat(path); err == nil || omit[d.Digest] {
			continue
		}
		if err := place(ctx, path, image.Source, d); err != nil {
			return "", err
		}
	}
	return manifest.Config.Digest, nil
}

// place makes a blob available at path.
func place(ctx context.Context, path string, src content.Source, d oci.Descriptor) error {
	blob, err := src.Open(ctx, d)
	if err != nil {
		return err
	}
	defer blob.Close()
	if f, ok := blob.(*os.File); ok {
		target, err := filepath.Abs(f.Name())
		if err != nil {
			return err
		}
		return os.Symlink(target, path)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, digest.NewVerifier(blob, d.Digest, d.Size))
	return errors.Join(err, f.Close())
}

// parseProbe parses the output of a kind's probe: the platform, and for an engine that may be on another machine, "true" or
// "false".
func (e *Engine) parseProbe(output []byte) (err error) {
	platform := strings.TrimSpace(string(output))
	if e.kind.pull != nil {
		platform, e.readsFiles = strings.CutSuffix(platform, " false")
		platform = strings.TrimSuffix(platform, " true")
	}
	if e.Platform, err = oci.ParsePlatform(platform); err != nil {
		return fmt.Errorf("reports an invalid %w", err)
	}
	return nil
}

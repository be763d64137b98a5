// Package engine hands images to a container engine, Docker or Podman, through its command line.
//
// [Find] looks for an engine that answers, [Image.Select] picks from an index the one image that the engine can run,
// and [Engine.Load] streams that image into the engine's load command: no archive is ever on disk, and an archive
// that cannot be completed never looks complete to the engine.
//
// Non-goals: running containers, building images, talking to a daemon's socket.
package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/archive"
	"github.com/rules-strata/rules_strata/tools/internal/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/reference"
)

// graceTime is how long an engine's program has to end once it is told to.
const graceTime = 5 * time.Second

// Image is an image that is to be loaded.
type Image struct {
	// Source holds the blobs.
	Source content.Source
	// Root is the image's manifest; before Select it may be an index.
	Root oci.Descriptor
	// Names are the names that it gets, each with a tag.
	Names []reference.Reference
}

// Load streams the image into "docker load" or "podman load". What the program prints on standard output goes to out:
// the line "Loaded image: ...". An error holds what it said on standard error.
func (e *Engine) Load(ctx context.Context, out io.Writer, image Image) error {
	cmd := exec.CommandContext(ctx, e.path, "load")
	var stderr tail
	cmd.Stdout, cmd.Stderr = out, &stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = graceTime
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s load: %w", e.Name, err)
	}
	writeErr := archive.Write(ctx, stdin, image.Source, image.Root, archive.Options{Names: image.Names})
	unread := errors.Is(writeErr, syscall.EPIPE)
	if writeErr != nil && !unread {
		cmd.Process.Kill() // Before it sees the end of its input, which it might take for the archive's.
	}
	stdin.Close()
	waitErr := cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s load: %w", e.Name, context.Cause(ctx))
	case writeErr != nil && !unread:
		return writeErr
	case waitErr != nil:
		return fmt.Errorf("%s load: %w%s", e.Name, waitErr, quote(stderr.String()))
	case unread:
		return fmt.Errorf("%s load: it ended before it had read the image%s", e.Name, quote(stderr.String()))
	}
	return nil
}

// maxTail is how much of what a program says is kept, in bytes.
const maxTail = 4 << 10

// tail keeps the end of what is written to it.
type tail struct{ text []byte }

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if excess := len(t.text) - maxTail; excess > 0 {
		t.text = append([]byte(nil), t.text[excess:]...)
	}
	return len(p), nil
}

// String returns the end.
func (t *tail) String() string { return string(t.text) }

// quote returns what a program said, below the line that it explains.
func quote(text string) string {
	text = strings.TrimSpace(strings.ToValidUTF8(text, "?"))
	if text == "" {
		return ""
	}
	return "\n  " + strings.ReplaceAll(text, "\n", "\n  ")
}

// Package engine loads images into a container engine, Docker, Podman or containerd, through its command line.
//
// [Find] looks for an engine that responds. [Engine.Load] picks from an index the one image that the engine can run,
// queries which layers the engine has, and streams the rest into its load command, as an archive without those layers.
// No archive is ever on disk, and one that cannot be completed never looks complete to the engine. Podman on the same machine
// gets a directory of links instead, if the layers are large: it would write its standard input to disk first.
//
// All engines look for a layer in their own store before they open its file in the archive: Docker by the diff ids from
// the lowest layer on, Podman and containerd by the blob's digest.
//
// [Engine.Run] runs a container of a loaded image.
//
// Non-goals: managing containers, building images, talking to a daemon's socket.
package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/message"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/store/archive"
)

// graceTime is how long an engine's program may take to exit after it was interrupted.
const graceTime = 5 * time.Second

// Image is an image to load.
type Image struct {
	// Source holds the blobs.
	Source content.Source
	// Root is the image's manifest, or an index.
	Root oci.Descriptor
	// Platform is the platform that the image must be for. Nil means the engine's for an index, and any for an image.
	Platform *oci.Platform
	// Names are the names that it gets, each with a tag.
	Names []reference.Reference
}

// Plan describes a load before it starts.
type Plan struct {
	// Image is the digest of the image's manifest.
	Image digest.Digest
	// Layers is the number of the image's layers, Held how many of them the engine has.
	Layers, Held int
	// Bytes is the packed size of the layers that the engine lacks.
	Bytes int64
	// Refusal is why the engine refused the image without the layers that it reported to have, if this is the second try.
	Refusal error
}

// Select returns the image for i.Platform, which for an index is the one that [content.Choose] returns. The error is a
// *content.PlatformError if there is no such image. Without a platform, Select returns i.
func (i Image) Select(ctx context.Context) (Image, error) {
	if i.Platform == nil {
		return i, nil
	}
	images, err := content.Images(ctx, i.Source, i.Root)
	if err != nil {
		return Image{}, err
	}
	chosen, err := content.Choose(images, *i.Platform)
	if err != nil {
		return Image{}, message.Hint(fmt.Errorf("%s: %w", i.Root.Digest, err), "--platform chooses one")
	}
	i.Root = chosen.Descriptor
	return i, nil
}

// Load gives the engine the image and its names. It omits the layers that the engine reports to have; if the engine then
// refuses the image, Load sends all of them. It calls plan each time before it sends, once or twice. An error contains the
// output of the engine's program.
func (e *Engine) Load(ctx context.Context, image Image, plan func(Plan)) error {
	if image.Platform == nil && oci.IsIndex(image.Root.MediaType) {
		image.Platform = &e.Platform
	}
	image, err := image.Select(ctx)
	if err != nil {
		return err
	}
	s, err := image.stack(ctx)
	if err != nil {
		return err
	}
	image.Root.Annotations = map[string]string{annotationLayers: s.digests()}
	h := e.kind.held(ctx, e, s)
	for {
		omit := h.omit(s)
		p := s.plan(omit)
		p.Image, p.Refusal = image.Root.Digest, err
		plan(p)
		err = e.deliver(ctx, image, omit, p.Bytes)
		refused := (*programError)(nil)
		switch {
		case ctx.Err() != nil || !errors.As(err, &refused):
			return err
		case p.Held == 0 && e.Name == "docker" && s.hasZstd():
			return message.Hint(err, "the image has layers compressed with zstd, which Docker 20.10 cannot read")
		case p.Held == 0:
			return err
		}
		h = holding{}
	}
}

// deliver gives the engine the image with its names. Whatever is wrong with a directory, an archive has the better message.
func (e *Engine) deliver(ctx context.Context, image Image, omit map[digest.Digest]bool, size int64) error {
	if e.kind.pull != nil && e.readsFiles && size >= minPull {
		if err := e.pull(ctx, image, omit); err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s %s: %w", e.kind.program, e.kind.pull[0], context.Cause(ctx))
		}
	}
	return e.sendNamed(ctx, image, omit)
}

// sendNamed streams the image into the program, and adds the names that the archive cannot have.
func (e *Engine) sendNamed(ctx context.Context, image Image, omit map[digest.Digest]bool) error {
	names := image.Names
	switch {
	case e.kind.untag != nil && len(names) > 0:
		aside := reference.Reference{Registry: "localhost", Repository: "strata-load", Tag: rand.Text()}
		image.Names = []reference.Reference{aside}
		defer e.untag(ctx, aside)
	case e.kind.tag != nil && len(names) > 1:
		image.Names = names[:1]
	}
	if err := e.send(ctx, image, omit); err != nil || slices.Equal(image.Names, names) {
		return err
	}
	return e.tag(ctx, image.Names[0].String(), names)
}

// tag gives the image the names.
func (e *Engine) tag(ctx context.Context, image string, names []reference.Reference) error {
	args := append(slices.Clone(e.kind.tag), image)
	for _, name := range names {
		args = append(args, name.String())
	}
	return e.call(ctx, args)
}

// untag removes the name, also after an interruption. There may be no such name.
func (e *Engine) untag(ctx context.Context, name reference.Reference) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceTime)
	defer cancel()
	_ = e.call(ctx, append(slices.Clone(e.kind.untag), name.String()))
}

// plan returns the plan to send the stack's layers except the omitted ones.
func (s *stack) plan(omit map[digest.Digest]bool) Plan {
	p := Plan{Layers: len(s.layers)}
	sent := make(map[digest.Digest]bool)
	for _, layer := range s.layers {
		if omit[layer.Digest] {
			p.Held++
		} else if !sent[layer.Digest] {
			p.Bytes += layer.Size
			sent[layer.Digest] = true
		}
	}
	return p
}

// hasZstd reports whether a layer is compressed with zstd.
func (s *stack) hasZstd() bool {
	return slices.ContainsFunc(s.layers, func(layer oci.Descriptor) bool {
		compression, err := oci.LayerCompression(layer.MediaType)
		return err == nil && compression == oci.Zstd
	})
}

// programError is returned when the engine's program refuses its input.
type programError struct{ err error }

func (e *programError) Error() string { return e.err.Error() }
func (e *programError) Unwrap() error { return e.err }

// send streams the image into the program.
func (e *Engine) send(ctx context.Context, image Image, omit map[digest.Digest]bool) error {
	name := e.kind.program + " " + strings.Join(e.kind.load, " ")
	cmd := e.command(ctx, e.kind.load...)
	var stdout, stderr tail
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = graceTime
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	writeErr := archive.Write(ctx, stdin, image.Source, image.Root, archive.Options{Names: image.Names, Omit: omit})
	unread := errors.Is(writeErr, syscall.EPIPE)
	if writeErr != nil && !unread {
		cmd.Process.Kill() // before it sees the end of its input, which could look like the end of the archive
	}
	stdin.Close()
	waitErr := cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", name, context.Cause(ctx))
	case writeErr != nil && !unread:
		return writeErr
	case waitErr != nil:
		return &programError{fmt.Errorf("%s: %w%s", name, waitErr, quote(stderr.String()))}
	case unread:
		return &programError{fmt.Errorf("%s: exited before it read the whole image%s", name, quote(stderr.String()))}
	case strings.Contains(stdout.String(), unpackError):
		return &programError{fmt.Errorf("%s: the image was not unpacked%s", name, quote(stdout.String()))}
	}
	return nil
}

// unpackError is in the output of "docker load", which exits with status 0, if containerd's image store could not unpack
// an image.
const unpackError = "Error unpacking image"

// maxTail is how much of a program's output is kept, in bytes.
const maxTail = 4 << 10

// tail keeps the last bytes written to it.
type tail struct{ text []byte }

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if excess := len(t.text) - maxTail; excess > 0 {
		t.text = append([]byte(nil), t.text[excess:]...)
	}
	return len(p), nil
}

// String returns the last bytes.
func (t *tail) String() string { return string(t.text) }

// quote returns a program's output, indented below the line that it explains.
func quote(text string) string {
	text = strings.TrimSpace(strings.ToValidUTF8(text, "?"))
	if text == "" {
		return ""
	}
	return "\n  " + strings.ReplaceAll(text, "\n", "\n  ")
}

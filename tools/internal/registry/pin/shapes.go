package pin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/rules-strata/rules_strata/tools/internal/image/lockfile"
	"github.com/rules-strata/rules_strata/tools/internal/layer/shape"
	"github.com/rules-strata/rules_strata/tools/internal/layer/shape/scan"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

const (
	// maxShape bounds the size, in bytes, of the shape of one image in a lock file. The shape of a distribution has a
	// few thousand.
	maxShape = 1 << 20
	// readers is how many layers are read concurrently.
	readers = 3
)

// Shapes reads each of the image's layers from src once, and adds the shape of each platform's layers to the image. If
// known has the shape of the same manifest, Shapes reuses it. A platform whose layers cannot be read as archives gets
// no shape; reasons then contains an entry that names the platform and explains why.
func Shapes(
	ctx context.Context, src content.Source, image, known lockfile.Image,
) (reasons []string, err error) {
	wanted := make(map[string][]lockfile.Layer)
	var all []oci.Descriptor
	for _, name := range slices.Sorted(maps.Keys(image.Platforms)) {
		p := image.Platforms[name]
		if old := known.Platforms[name]; isComplete(old.Shape) && old.Manifest.Digest == p.Manifest.Digest {
			p.Shape = old.Shape
			image.Platforms[name] = p
			continue
		}
		if platform, err := oci.ParsePlatform(name); err != nil || platform.OS == "windows" {
			continue // Directories in it have no modes.
		}
		layers, err := p.Layers()
		if err != nil {
			return nil, err
		}
		wanted[name] = layers
		for _, layer := range layers {
			all = append(all, layer.Descriptor)
		}
	}
	found, err := readAll(ctx, src, all)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		p := image.Platforms[name]
		if p.Shape, err = merge(wanted[name], found); err != nil {
			reasons = append(reasons, fmt.Sprintf("%s: %v", name, err))
		}
		image.Platforms[name] = p
	}
	return reasons, nil
}

// isComplete reports whether a shape in a lock file has everything that merge records. Older ones lack the interpreters.
func isComplete(text lockfile.Text) bool {
	s, err := shape.Parse(text)
	return err == nil && s.Programs != nil
}

// result is the result of reading a layer: its shape, or why there is none.
type result struct {
	shape  *shape.Shape
	reason error
}

// merge returns the shape of a stack of layers.
func merge(layers []lockfile.Layer, found map[digest.Digest]result) (lockfile.Text, error) {
	var stack shape.Shape
	for n, layer := range layers {
		r := found[layer.Digest]
		if r.reason != nil {
			return nil, fmt.Errorf("layer %d of %d, %s: %w", n+1, len(layers), layer.Digest, r.reason)
		}
		stack.Put(r.shape)
	}
	stack.KeepInterpreters()
	text, err := stack.Marshal()
	if err == nil && len(text) > maxShape {
		err = fmt.Errorf("they take %d bytes, the limit is %d", len(text), maxShape)
	}
	if err != nil {
		return nil, err
	}
	return text, nil
}

// readAll reads each layer once, several concurrently.
func readAll(ctx context.Context, src content.Source, layers []oci.Descriptor) (map[digest.Digest]result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	found := make(map[digest.Digest]result)
	seen := make(map[digest.Digest]bool)
	slots := make(chan struct{}, readers)
	var group sync.WaitGroup
	for _, d := range layers {
		if seen[d.Digest] {
			continue
		}
		seen[d.Digest] = true
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			r, err := read(ctx, src, d)
			if err != nil {
				cancel(err) // Only the first error is kept.
			}
			mu.Lock()
			defer mu.Unlock()
			found[d.Digest] = r
		})
	}
	group.Wait()
	return found, context.Cause(ctx)
}

// read reads one layer. It fails if the layer cannot be fetched or does not match the manifest. A layer that is not an
// archive, or is too large a one, is not an error.
func read(ctx context.Context, src content.Source, d oci.Descriptor) (result, error) {
	if content.IsElsewhere(ctx, src, d) {
		return result{reason: errors.New("it is not in the registry")}, nil
	}
	blob, err := src.Open(ctx, d)
	if err != nil {
		return result{}, err
	}
	defer blob.Close()
	in := &failing{Reader: digest.NewVerifier(blob, d.Digest, d.Size)}
	s, reason := scan.Archive(ctx, in, d.Size)
	if reason == nil {
		io.Copy(io.Discard, in) // Read to the end, which verifies the digest.
	}
	if err := errors.Join(in.err, ctx.Err()); err != nil {
		return result{}, err
	}
	return result{s, reason}, nil
}

// failing keeps the error of the reader, to distinguish it from an error in the bytes.
type failing struct {
	io.Reader
	err error
}

// Read implements io.Reader.
func (f *failing) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}

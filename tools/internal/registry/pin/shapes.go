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
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

const (
	// maxShape bounds what a lock file holds of the layers of one image, in bytes. That of a distribution has some thousand.
	maxShape = 1 << 20
	// readers is how many layers are read at a time.
	readers = 3
)

// Shapes reads the image's layers from src, each once, and puts the shape of those of each platform into the image. What
// known has of the same manifest is taken from there. A platform whose layers cannot be read as archives remains without
// a shape, and is among the reasons, each of which names the platform and says why.
func Shapes(
	ctx context.Context, src content.Source, image, known lockfile.Image,
) (reasons []string, err error) {
	wanted := make(map[string][]lockfile.Layer)
	var all []oci.Descriptor
	for _, name := range slices.Sorted(maps.Keys(image.Platforms)) {
		p := image.Platforms[name]
		if old := known.Platforms[name]; old.Shape != nil && old.Manifest.Digest == p.Manifest.Digest {
			p.Shape = old.Shape
			image.Platforms[name] = p
			continue
		}
		if platform, err := oci.ParsePlatform(name); err != nil || platform.OS == "windows" {
			continue // Its directories have no modes.
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

// result is a layer that was read: its shape, or why there is none.
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
	text, err := stack.Marshal()
	if err == nil && len(text) > maxShape {
		err = fmt.Errorf("they take %d bytes, the limit is %d", len(text), maxShape)
	}
	if err != nil {
		return nil, err
	}
	return text, nil
}

// readAll reads several layers at a time, each once.
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
				cancel(err) // Only the first counts.
			}
			mu.Lock()
			defer mu.Unlock()
			found[d.Digest] = r
		})
	}
	group.Wait()
	return found, context.Cause(ctx)
}

// read reads one layer. It is an error if the layer cannot be had, or is not what the manifest promises; that it is no
// archive, or one that takes too much, is not.
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
	s, reason := shape.OfArchive(ctx, in, d.Size)
	if reason == nil {
		io.Copy(io.Discard, in) // The digest is known at the end.
	}
	if err := errors.Join(in.err, ctx.Err()); err != nil {
		return result{}, err
	}
	return result{s, reason}, nil
}

// failing keeps what went wrong, to be told from what is wrong in the bytes.
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

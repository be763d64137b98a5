package place

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
	"github.com/rules-strata/rules_strata/tools/internal/registry/push"
	"github.com/rules-strata/rules_strata/tools/internal/store/archive"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

// Image is an image or an index to write.
type Image struct {
	// Root is the descriptor of the manifest or the index, without annotations of an earlier place.
	Root oci.Descriptor
	// Source holds its blobs.
	Source content.Source
	// Names are the names that it gets in a layout or an archive. [Names] parses those of a place.
	Names []reference.Reference
	// Tag is its name in a layout or an archive if it has no other: a bare tag.
	Tag string
	// From is the repository that holds the blobs of the image, as "registry/repository", or empty. A blob that goes to
	// another repository of the same registry is mounted.
	From string
	// Referrers are artifacts to write with the image: each refers to it, to an image in it, or to a referrer before it.
	Referrers []oci.Descriptor
	// New holds the blobs that From does not have. It may be nil.
	New content.Source
}

// Names divides the names of a root into full ones, which every form can hold, and a bare tag, which only layouts can.
func Names(names []string) (full []reference.Reference, tag string) {
	for _, name := range names {
		if reference.CheckTag(name) == nil {
			tag = name
			continue
		}
		ref, err := reference.Parse(name)
		if err == nil && ref.Tag != "" && ref.Digest == "" {
			full = append(full, ref)
		}
	}
	return full, tag
}

// Writer writes images to places.
type Writer struct {
	// Client reaches registries.
	Client *registry.Client
	// Stdout receives an archive for [Stdio].
	Stdout io.Writer
	// Jobs is how many blobs are sent to a registry at the same time.
	Jobs int
	// Progress is called for each object that a registry now has. It may be nil.
	Progress func(push.Event)
}

// Write writes the image to the place and returns its address there, which has the digest.
func (w Writer) Write(ctx context.Context, to Address, image Image) (Address, error) {
	if err := image.name(to); err != nil {
		return to, err
	}
	written := to
	var err error
	switch to.Form {
	case Registry:
		if to.Reference.Digest != "" && to.Reference.Digest != image.Root.Digest {
			return to, fmt.Errorf("%s: the digest of the image is %s", to, image.Root.Digest)
		}
		written.Reference.Digest = image.Root.Digest
		err = w.push(ctx, to, image)
	case Layout:
		written.Name, written.Digest = "", image.Root.Digest
		err = writeLayout(ctx, to.Path, image)
	default:
		written.Name, written.Digest = "", image.Root.Digest
		err = w.archive(ctx, to.Path, image)
	}
	return written, err
}

// name gives the image the name of the target, and leaves no annotation of an earlier name.
func (i *Image) name(to Address) error {
	if to.Name != "" {
		i.Names, i.Tag = nil, ""
		if strings.ContainsAny(to.Name, "/:") {
			ref, err := reference.Parse(to.Name)
			if err != nil {
				return err
			}
			i.Names = []reference.Reference{ref}
		} else if err := reference.CheckTag(to.Name); err != nil {
			return err
		} else {
			i.Tag = to.Name
		}
	}
	annotations := maps.Clone(i.Root.Annotations)
	delete(annotations, layout.AnnotationName)
	delete(annotations, layout.AnnotationTag)
	if i.Tag != "" && len(i.Names) == 0 && to.Form != Registry {
		if annotations == nil {
			annotations = make(map[string]string)
		}
		annotations[layout.AnnotationTag] = i.Tag
	}
	if len(annotations) == 0 {
		annotations = nil
	}
	i.Root.Annotations = annotations
	return nil
}

func writeLayout(ctx context.Context, dir string, image Image) error {
	if err := writeRoot(ctx, dir, image); err != nil {
		return err
	}
	for _, referrer := range image.Referrers {
		if err := layout.Add(ctx, dir, image.Source, referrer, nil); err != nil {
			return err
		}
	}
	return nil
}

func writeRoot(ctx context.Context, dir string, image Image) error {
	if layout.IsLayout(dir) {
		return layout.Add(ctx, dir, image.Source, image.Root, image.Names)
	}
	err := layout.Write(ctx, dir, image.Source, image.Root, image.Names)
	if err != nil && layout.IsLayout(dir) { // another process has made it meanwhile
		return layout.Add(ctx, dir, image.Source, image.Root, image.Names)
	}
	if info, statErr := os.Stat(filepath.Dir(filepath.Clean(dir))); err != nil && (statErr != nil || !info.IsDir()) {
		return advise(err, "the directory around the layout must exist")
	}
	return err
}

func (w Writer) archive(ctx context.Context, path string, image Image) error {
	images := []layout.Image{{Root: image.Root, Names: image.Names}}
	for _, referrer := range image.Referrers {
		images = append(images, layout.Image{Root: referrer})
	}
	if path == Stdio {
		return archive.WriteAll(ctx, w.Stdout, image.Source, images)
	}
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	if err := archive.WriteAll(ctx, f, image.Source, images); err != nil {
		return err
	}
	return f.Commit()
}

func (w Writer) push(ctx context.Context, to Address, image Image) error {
	remote, err := image.remote(ctx)
	if err != nil {
		return err
	}
	task := push.Task{To: to.Reference, Root: image.Root, Source: image.Source, Remote: remote, Referrers: image.Referrers}
	if to.Reference.Tag != "" {
		task.Tags = []string{to.Reference.Tag}
	}
	return push.Images(ctx, w.Client, []push.Task{task}, push.Options{Jobs: w.Jobs, Progress: w.Progress})
}

// remote returns the blobs that From has.
func (i Image) remote(ctx context.Context) ([]content.RemoteLayer, error) {
	if i.From == "" {
		return nil, nil
	}
	var all []content.RemoteLayer
	err := content.Walk(ctx, i.Source, i.Root, func(d oci.Descriptor, document []byte) error {
		if document == nil && !i.isNew(ctx, d) {
			all = append(all, content.RemoteLayer{Descriptor: d, Sources: []string{i.From}})
		}
		return nil
	})
	if errors.Is(err, content.ErrNotFound) {
		return all, nil // the push reports a missing blob if it needs it
	}
	return all, err
}

// isNew reports whether New has a blob.
func (i Image) isNew(ctx context.Context, d oci.Descriptor) bool {
	if i.New == nil {
		return false
	}
	r, err := i.New.Open(ctx, d)
	if err != nil {
		return false
	}
	r.Close()
	return true
}

package place

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
	"github.com/rules-strata/rules_strata/tools/internal/store/importer"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
	"github.com/rules-strata/rules_strata/tools/internal/store/unarchive"
)

// Opener opens places.
type Opener struct {
	// Client reaches registries.
	Client *registry.Client
	// Stdin is standard input.
	Stdin io.Reader
}

// Place is an opened source. It must be closed.
type Place struct {
	Address
	// Source holds the blobs.
	Source content.Source
	// Roots are the images and indexes that the address selects, at least one.
	Roots []Root
	// OCIArchive is the path of an uncompressed OCI archive, also if it came from standard input. It is empty for others.
	OCIArchive string

	listed     []Root               // all of the place, also those that the address does not select
	repository *registry.Repository // of a registry
	file       string               // an archive or a document on this disk
	closers    []func() error
}

// Root is an image or an index of a place.
type Root struct {
	// Descriptor is that of the manifest or the index, with the annotations that its place gives it.
	Descriptor oci.Descriptor
	// Names are the names that the place gives it, full or bare tags.
	Names []string
}

// Close frees what the place needs. Its blobs can no longer be read.
func (p *Place) Close() error {
	var all error
	for _, closer := range slices.Backward(p.closers) {
		all = errors.Join(all, closer())
	}
	p.closers = nil
	return all
}

// Open opens the place at the address.
func (o Opener) Open(ctx context.Context, a Address) (*Place, error) {
	p := &Place{Address: a}
	var err error
	switch a.Form {
	case Registry:
		err = p.openRegistry(ctx, o.Client)
	case Layout:
		err = p.openLayout()
	default:
		err = p.openFile(ctx, o.Stdin)
	}
	if err == nil {
		p.listed = p.Roots
		err = p.choose(ctx)
	}
	if err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (p *Place) openRegistry(ctx context.Context, client *registry.Client) error {
	repository, err := client.Repository(ctx, p.Reference, auth.Pull)
	if err != nil {
		return err
	}
	version := p.Reference.Tag
	if p.Reference.Digest != "" {
		version = p.Reference.Digest.String()
	}
	root, data, err := repository.Fetch(ctx, version)
	if err != nil {
		return err
	}
	source := newMemory(repository)
	source.remember(root.Digest, data)
	p.Source, p.repository = source, repository
	found := Root{Descriptor: root}
	if named := p.Reference; named.Tag != "" {
		named.Digest = ""
		found.Names = []string{named.String()}
	}
	p.Roots = []Root{found}
	return nil
}

func (p *Place) openLayout() error {
	source, err := layout.Open(os.DirFS(p.Path))
	if err != nil {
		return fmt.Errorf("%s: %w", p.Path, err)
	}
	p.Source = unverified{source}
	p.Roots = layoutRoots(source)
	return nil
}

// layoutRoots returns the entries of index.json, each digest once.
func layoutRoots(source *layout.Layout) []Root {
	var roots []Root
	at := make(map[digest.Digest]int)
	for _, d := range source.Roots() {
		n, known := at[d.Digest]
		if !known {
			n = len(roots)
			at[d.Digest] = n
			roots = append(roots, Root{Descriptor: d})
		}
		for _, key := range []string{layout.AnnotationName, layout.AnnotationTag} {
			if name := d.Annotations[key]; name != "" && !slices.Contains(roots[n].Names, name) {
				roots[n].Names = append(roots[n].Names, name)
				break // the tag of a full name is part of it
			}
		}
	}
	return roots
}

// openFile opens an archive, or a document of a build.
func (p *Place) openFile(ctx context.Context, stdin io.Reader) error {
	p.file = p.Path
	if p.Path == Stdio {
		if err := p.spool(stdin); err != nil {
			return err
		}
	}
	if isJSON(p.file) {
		return p.openDocument()
	}
	tar, err := unarchive.Open(p.file, "")
	if err != nil {
		return err
	}
	source, err := layout.Open(tar)
	if err == nil && len(source.Roots()) > 0 {
		p.closers = append(p.closers, tar.Close)
		p.Source = source
		p.Roots = layoutRoots(source)
		if !tar.IsPacked() {
			p.OCIArchive = p.file
		}
		return nil
	}
	if err != nil && !errors.Is(err, layout.ErrNotLayout) {
		tar.Close()
		return fmt.Errorf("%s: %w", p.Path, err)
	}
	// Docker 25 lists an image without a name in manifest.json only.
	return p.openDocker(ctx, tar)
}

func (p *Place) openDocker(ctx context.Context, tar *unarchive.Reader) error {
	store, err := importer.OpenDocker(p.Path, tar)
	if err != nil {
		return err
	}
	p.closers = append(p.closers, store.Close)
	var sources content.Multi
	for n, names := range store.Names() {
		image, err := store.Load(ctx, n)
		if err != nil {
			return err
		}
		sources = append(sources, image)
		p.Roots = append(p.Roots, Root{Descriptor: image.Descriptor, Names: names})
	}
	p.Source = sources
	return nil
}

// spool copies standard input to a file.
func (p *Place) spool(stdin io.Reader) error {
	f, err := os.CreateTemp("", "image-*.tar")
	if err != nil {
		return err
	}
	p.file = f.Name()
	p.closers = append(p.closers, func() error { return os.Remove(f.Name()) })
	_, err = io.Copy(f, stdin)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	return nil
}

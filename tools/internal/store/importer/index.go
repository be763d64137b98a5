package importer

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Index is an image index of a store. Its bytes are verified.
type Index struct {
	// Descriptor names the index. It has no annotations.
	Descriptor oci.Descriptor
	// Document is the index's bytes.
	Document []byte

	path   string // of the store
	source content.Source
}

// IndexError is returned when a name matches no index, or several.
type IndexError struct {
	// Name is the name, tag or digest, or empty.
	Name string
	// Fit are the matching indexes, All those of the whole store.
	Fit, All []string
}

// Error implements error.
func (e *IndexError) Error() string {
	named := ""
	if e.Name != "" {
		named = fmt.Sprintf(" with the name %q", e.Name)
	}
	switch {
	case len(e.All) == 0:
		return "contains no image index"
	case len(e.Fit) == 0:
		return fmt.Sprintf("contains no image index%s; available: %s", named, strings.Join(e.All, ", "))
	}
	return fmt.Sprintf("contains %d image indexes%s: %s", len(e.Fit), named, strings.Join(e.Fit, ", "))
}

// ChooseIndex reads the image index with the name, tag or digest; an empty name chooses the only one. If no index or several
// match, the error is an *IndexError. If a layout has no other index, its index.json is the index.
func (s *Store) ChooseIndex(ctx context.Context, name string) (*Index, error) {
	if s.layout == nil {
		return nil, fmt.Errorf("%s: %w", s.path, &IndexError{Name: name})
	}
	all := s.indexes()
	choice := Choice{Name: name}
	fit := choice.indexes(all, choice.isNamed)
	if len(fit) == 0 {
		fit = choice.indexes(all, choice.isTag)
	}
	if len(all) == 0 && name == "" {
		d, text := s.layout.Index()
		return &Index{Descriptor: d, Document: text, path: s.path, source: s.layout}, nil
	}
	if len(fit) != 1 {
		return nil, fmt.Errorf("%s: %w", s.path, &IndexError{Name: name, Fit: indexTexts(fit), All: indexTexts(all)})
	}
	d := fit[0].descriptor
	text, err := content.ReadAll(ctx, s.layout, d)
	if err != nil {
		return nil, fmt.Errorf("%s: index: %w", s.path, err)
	}
	return &Index{Descriptor: d, Document: text, path: s.path, source: s.layout}, nil
}

// namedIndex is an index that a layout lists.
type namedIndex struct {
	descriptor oci.Descriptor
	names      []string
}

// indexes returns the indexes that index.json lists, each once.
func (s *Store) indexes() []namedIndex {
	var all []namedIndex
	at := make(map[digest.Digest]int)
	for _, root := range s.layout.Roots() {
		if !oci.IsIndex(root.MediaType) {
			continue
		}
		n, ok := at[root.Digest]
		if !ok {
			n = len(all)
			at[root.Digest] = n
			bare := oci.Descriptor{MediaType: root.MediaType, Digest: root.Digest, Size: root.Size}
			all = append(all, namedIndex{descriptor: bare})
		}
		all[n].names = append(all[n].names, rootNames(root)...)
	}
	return all
}

// indexes returns those indexes that match the choice, where isName compares the requested name with a name of an index.
func (c Choice) indexes(all []namedIndex, isName func(name string) bool) []namedIndex {
	var fit []namedIndex
	for _, index := range all {
		if c.Name == "" || c.Name == index.descriptor.Digest.String() || slices.ContainsFunc(index.names, isName) {
			fit = append(fit, index)
		}
	}
	return fit
}

func indexTexts(all []namedIndex) []string {
	var texts []string
	for _, index := range all {
		if len(index.names) > 0 {
			texts = append(texts, index.names[0])
			continue
		}
		texts = append(texts, index.descriptor.Digest.String())
	}
	return texts
}

// Images returns the manifests of the images for the platforms, each of which must match exactly one image in the index. The
// error is a *ChoiceError otherwise.
func (i *Index) Images(ctx context.Context, platforms []oci.Platform) ([]oci.Descriptor, error) {
	images, err := content.ListImages(ctx, i, i.Descriptor)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", i.path, err)
	}
	var all []candidate
	for _, image := range images {
		all = append(all, candidate{id: image.Descriptor.Digest, platform: image.Platform})
	}
	var chosen []oci.Descriptor
	for _, platform := range platforms {
		var fit []candidate
		for n, image := range images {
			if oci.MatchPlatform(platform, image.Platform) {
				fit = append(fit, all[n])
				chosen = append(chosen, image.Descriptor)
			}
		}
		if len(fit) != 1 {
			refusal := &ChoiceError{Choice: Choice{Platform: &platform}, Fit: texts(fit), All: texts(all)}
			return nil, fmt.Errorf("%s: index %s: %w", i.path, i.Descriptor.Digest, refusal)
		}
	}
	return chosen, nil
}

// Open implements content.Source for everything that the index reaches.
func (i *Index) Open(ctx context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	if d.Digest == i.Descriptor.Digest {
		return io.NopCloser(strings.NewReader(string(i.Document))), nil
	}
	return i.source.Open(ctx, d)
}

// WriteBlobs verifies everything that the index reaches, except the images with these manifests, and makes dir, which must be
// absent or empty, a directory of it for [content.Files.AddStored]. After an error, dir is unchanged.
func (i *Index) WriteBlobs(ctx context.Context, dir string, except []oci.Descriptor) error {
	out, err := newBlobs(dir)
	if err != nil {
		return err
	}
	defer out.Abort()
	skipped := make(map[digest.Digest]bool)
	for _, d := range except {
		skipped[d.Digest] = true
	}
	walker := content.Walker{
		Source: i,
		Enter: func(d oci.Descriptor, _ []content.Document) error {
			if skipped[d.Digest] || !oci.IsDocument(d.MediaType) && content.IsElsewhere(ctx, i.source, d) {
				return content.ErrSkip
			}
			return nil
		},
		Leave: func(d oci.Descriptor, _ []byte) error {
			if d.Digest == i.Descriptor.Digest {
				return nil
			}
			return out.add(ctx, i.source, d)
		},
	}
	if err := walker.Walk(ctx, i.Descriptor); err != nil {
		return fmt.Errorf("%s: %w", i.path, err)
	}
	return out.finish()
}

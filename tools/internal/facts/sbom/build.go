package sbom

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/facts/outline"
	"github.com/rules-strata/rules_strata/tools/internal/facts/packages"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Inputs are the facts that a document is made of.
type Inputs struct {
	// Root is the image or index, and Label its target.
	Root  *outline.Node
	Label string
	// Labels are the targets that made layers, by the digests of the layers.
	Labels map[digest.Digest][]string
	// Origin returns the target of a file of a layer, or an empty string. It may be nil.
	Origin func(layer digest.Digest, path string) string
	// Packages are those of layers, and Listings their entries. A layer without them is unknown.
	Packages map[digest.Digest]packages.Layer
	Listings *listing.Set
	// Bases are the images that images of Root were built on.
	Bases []Base
	// Declared are packages that the build graph states.
	Declared []Declared
}

// Base is an image that others were built on.
type Base struct {
	Label      string
	Repository string // or empty
	Digest     digest.Digest
	Layers     []digest.Digest
}

// Declared is a package that metadata in the build graph states for a target.
type Declared struct {
	// Layer is the target of the layer, or of the image, that depends on the package.
	Layer string `json:"layer"`
	// Label is the target with the metadata.
	Label    string   `json:"label"`
	PURL     string   `json:"purl"`
	Licenses []string `json:"license_names"`
}

// New returns the document for an image or index.
func New(in Inputs) (*Document, error) {
	b := builder{Inputs: in, components: make(map[string]*Component), reasons: make(map[string]bool)}
	b.bases = make(map[digest.Digest]*Image)
	for _, base := range in.Bases {
		b.addBase(base)
		for _, layer := range base.Layers {
			if len(b.Labels[layer]) == 0 { // those of an imported base have no descriptors
				in.AddLabel(layer, base.Label)
			}
		}
	}
	d := &Document{Subject: newImage(in.Root, in.Label)}
	if in.Root.Kind == outline.Index {
		if err := b.index(d, in.Root); err != nil {
			return nil, err
		}
	} else if err := b.image(&d.Subject, in.Root); err != nil {
		return nil, err
	}
	for _, sum := range slices.Sorted(maps.Keys(b.bases)) {
		d.Bases = append(d.Bases, *b.bases[sum])
	}
	if err := b.declared(d); err != nil {
		return nil, err
	}
	d.Components = []Component{}
	for _, purl := range slices.Sorted(maps.Keys(b.components)) {
		c := b.components[purl]
		slices.SortFunc(c.Places, comparePlaces)
		c.Places = slices.Compact(c.Places)
		slices.Sort(c.Metadata)
		c.Metadata = slices.Compact(c.Metadata)
		d.Components = append(d.Components, *c)
	}
	d.Incomplete, d.Unread = slices.Sorted(maps.Keys(b.reasons)), b.unread
	return d, nil
}

// builder is the state of New.
type builder struct {
	Inputs
	bases      map[digest.Digest]*Image
	components map[string]*Component
	reasons    map[string]bool
	unread     []Unread
}

// nameOf returns the last part of a label or a repository.
func nameOf(name string) string { return name[strings.LastIndexAny(name, "/:@")+1:] }

func newImage(n *outline.Node, label string) Image {
	name := nameOf(label)
	image := Image{Name: name, Label: label, PURL: ImagePURL(name, "", n.Digest), Digest: n.Digest, Platform: n.Platform}
	for _, l := range n.Layers {
		image.layers = append(image.layers, l.Digest)
	}
	return image
}

func (b *builder) addBase(base Base) {
	if b.bases[base.Digest] != nil {
		return
	}
	name := nameOf(base.Repository)
	if name == "" {
		name = nameOf(base.Label)
	}
	b.bases[base.Digest] = &Image{
		Name: name, Label: base.Label, PURL: ImagePURL(name, base.Repository, base.Digest), Digest: base.Digest, layers: base.Layers,
	}
}

func (b *builder) index(d *Document, n *outline.Node) error {
	for _, child := range n.Children {
		switch {
		case child.Kind == outline.Index:
			if err := b.index(d, child); err != nil {
				return err
			}
		case child.Missing || child.Config != nil && child.Config.Missing:
			d.Subject.Incomplete = true
			b.reasons[fmt.Sprintf("image %s: the index lists it, but the build does not read it", child.Digest)] = true
		case child.Kind == outline.Image:
			image := newImage(child, b.Label)
			if err := b.image(&image, child); err != nil {
				return err
			}
			d.Subject.Incomplete = d.Subject.Incomplete || image.Incomplete
			d.Images = append(d.Images, image)
		}
	}
	return nil
}

// image adds the packages of an image.
func (b *builder) image(image *Image, n *outline.Node) error {
	if n.Platform == "" && n.Config != nil {
		image.Platform = platformOf(n.Config.Document)
	}
	image.Bases = b.basesOf(image.layers, image.Digest)
	var known []packages.Layer
	var stack []oci.Descriptor
	for _, l := range n.Layers {
		facts, ok := b.Packages[l.Digest]
		if header, listed := b.Listings.Header(l.Digest); ok && listed {
			known = append(known, facts)
			stack = append(stack, oci.Descriptor{MediaType: l.MediaType, Digest: l.Digest, Size: header.Size})
			continue
		}
		b.incomplete(image, l.Digest, "its bytes are not part of the build, so its packages are unknown")
	}
	merged, err := b.Listings.MergeKnown(stack)
	if err != nil {
		return err
	}
	found, problems := packages.Merge(known, files{merged})
	for _, p := range found {
		b.installed(image, known, p)
	}
	for _, p := range problems {
		layer := known[p.Layer].Digest
		b.incomplete(image, layer, p.Path+": "+p.Text)
		b.unread = append(b.unread, Unread{Place{Layer: layer, Path: p.Path, Label: b.label(layer)}, p.Text})
	}
	return nil
}

func platformOf(config []byte) string {
	var p oci.Platform
	if oci.Unmarshal(config, &p) != nil || p.OS == "" {
		return ""
	}
	return oci.FormatPlatform(p)
}

// basesOf returns the bases whose layers are the lowest ones of an image, sorted by digest.
func (b *builder) basesOf(layers []digest.Digest, image digest.Digest) []digest.Digest {
	var found []digest.Digest
	for _, sum := range slices.Sorted(maps.Keys(b.bases)) {
		own := b.bases[sum].layers
		if sum != image && len(own) <= len(layers) && slices.Equal(own, layers[:len(own)]) {
			found = append(found, sum)
		}
	}
	return found
}

// incomplete records that a layer of an image, and of those of its bases that have it, is not known completely.
func (b *builder) incomplete(image *Image, layer digest.Digest, reason string) {
	text := "layer " + string(layer)
	if label := b.label(layer); label != "" {
		text += " of " + label
	}
	b.reasons[text+": "+reason] = true
	image.Incomplete = true
	for _, sum := range image.Bases {
		if slices.Contains(b.bases[sum].layers, layer) {
			b.bases[sum].Incomplete = true
		}
	}
}

// label returns the targets that made a layer.
func (b *builder) label(layer digest.Digest) string { return strings.Join(b.Labels[layer], ", ") }

// component returns the component with a package URL.
func (b *builder) component(purl string, p packages.Package, licenses []string) *Component {
	c := b.components[purl]
	if c == nil {
		c = newComponent(purl, p, licenses)
		b.components[purl] = c
	} else if c.License == "" {
		c.set(licenses)
	}
	return c
}

// installed adds a package of an image, whose layers are those in known.
func (b *builder) installed(image *Image, known []packages.Layer, p packages.Installed) {
	c := b.component(p.PURL, p.Package, p.Licenses)
	c.images[image.Digest] = true
	for _, place := range p.Places {
		layer := known[place.Layer].Digest
		for _, sum := range image.Bases {
			if slices.Contains(b.bases[sum].layers, layer) {
				c.images[sum] = true
			}
		}
		at := Place{Layer: layer, Path: place.Path, Label: b.label(layer)}
		if b.Origin != nil {
			if origin := b.Origin(layer, place.Path); origin != at.Label {
				at.Origin = origin
			}
		}
		c.Places = append(c.Places, at)
	}
}

// declared adds the packages that the build graph states.
func (b *builder) declared(d *Document) error {
	images := d.everyImage()
	if len(d.Images) > 0 {
		images = images[1:]
	}
	layers := make(map[string][]digest.Digest)
	for _, image := range images {
		for _, sum := range image.layers {
			for _, label := range b.Labels[sum] {
				layers[label] = append(layers[label], sum)
			}
		}
	}
	for _, each := range b.Declared {
		p, err := packages.ParsePURL(each.PURL)
		if err != nil {
			return fmt.Errorf("%s: package URL %w", each.Label, err)
		}
		c := b.component(p.PURL(nil), p, each.Licenses)
		c.Metadata = append(c.Metadata, each.Label)
		made := layers[each.Layer]
		if len(made) == 0 {
			c.Places = append(c.Places, Place{Label: each.Layer})
			c.images[d.Subject.Digest] = true
		}
		for _, sum := range made {
			c.Places = append(c.Places, Place{Layer: sum, Label: each.Layer})
		}
		for _, image := range images {
			if slices.ContainsFunc(made, func(sum digest.Digest) bool { return slices.Contains(image.layers, sum) }) {
				c.images[image.Digest] = true
			}
		}
	}
	return nil
}

// files is the file system of an image, for package packages.
type files struct{ *listing.FileSystem }

// Layer implements packages.Tree.
func (f files) Layer(path string) int {
	e, err := f.Find(path, false)
	if err != nil || e.File.Kind != tree.File {
		return -1
	}
	return e.File.Layer
}

// Resolve implements packages.Tree.
func (f files) Resolve(path string) string {
	e, err := f.Find(path, true)
	if err != nil {
		return ""
	}
	return e.Path
}

// AddLabel adds a target that made a layer.
func (in *Inputs) AddLabel(layer digest.Digest, label string) {
	if labels := in.Labels[layer]; !slices.Contains(labels, label) {
		in.Labels[layer] = append(labels, label)
		slices.Sort(in.Labels[layer])
	}
}

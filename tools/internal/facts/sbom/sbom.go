// Package sbom writes software bills of materials: the packages of an image, as SPDX 2.3 or CycloneDX 1.6 in JSON.
//
// A Document joins what is known about an image: the metadata of packages in its layers (package packages), packages that the
// build graph states, the bases that it was built on, and the targets that made its layers. What is not known is part of the
// document, because a list that looks complete and is not is worse than none.
//
// The same inputs give the same bytes: there is no clock, and identifiers are derived from the document.
//
// Non-goals: scanning, vulnerabilities, and guessing what a file might be.
package sbom

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/facts/license"
	"github.com/rules-strata/rules_strata/tools/internal/facts/packages"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Document is a bill of materials, independent of a format. Its JSON is the table for reports.
type Document struct {
	// Subject is the image or index.
	Subject Image `json:"subject"`
	// Images are the images of an index, in its order; empty for an image.
	Images []Image `json:"images,omitempty"`
	// Bases are the images that these were built on, sorted by their digests.
	Bases []Image `json:"bases,omitempty"`
	// Components are the packages, sorted by their package URLs, each once.
	Components []Component `json:"components"`
	// Incomplete are the reasons why packages may be missing, sorted.
	Incomplete []string `json:"incomplete,omitempty"`
	// Unread are the files among these reasons.
	Unread []Unread `json:"-"`
}

// Unread is a file whose packages are unknown.
type Unread struct {
	Place
	// Text is the reason.
	Text string
}

// Image is an image, or an index.
type Image struct {
	// Name is the last part of the name, and Label the target.
	Name     string        `json:"name"`
	Label    string        `json:"label,omitempty"`
	PURL     string        `json:"purl"`
	Digest   digest.Digest `json:"digest"`
	Platform string        `json:"platform,omitempty"`
	// Bases are the digests of the images that this one was built on.
	Bases []digest.Digest `json:"bases,omitempty"`
	// Incomplete is set if packages of this image may be missing.
	Incomplete bool `json:"incomplete,omitempty"`

	layers []digest.Digest
}

// Component is a package.
type Component struct {
	PURL     string `json:"purl"`
	Type     string `json:"type"`
	Group    string `json:"group,omitempty"`
	Name     string `json:"name"`
	Version  string `json:"version,omitempty"`
	License  string `json:"license,omitempty"` // an SPDX expression
	Supplier string `json:"supplier,omitempty"`
	// Places are sorted.
	Places []Place `json:"places"`
	// Metadata are the targets with the metadata of a package that the build graph states.
	Metadata []string `json:"metadata,omitempty"`

	expression license.Expression
	images     map[digest.Digest]bool // images and bases that have it
}

// Place is where a package is. Without a path, the package is one of the build graph that the target depends on.
type Place struct {
	Layer digest.Digest `json:"layer,omitempty"`
	Path  string        `json:"path,omitempty"`
	// Label is the target that made the layer, and Origin that of the file or the archive with the package, if it is another one.
	Label  string `json:"label,omitempty"`
	Origin string `json:"origin,omitempty"`
}

func comparePlaces(a, b Place) int {
	return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(string(a.Layer), string(b.Layer)), strings.Compare(a.Label, b.Label),
		strings.Compare(a.Origin, b.Origin))
}

// newComponent returns a component without places.
func newComponent(purl string, p packages.Package, licenses []string) *Component {
	c := &Component{
		PURL: purl, Type: p.Type, Name: p.Name, Version: p.Version, Supplier: p.Supplier,
		images: make(map[digest.Digest]bool),
	}
	c.set(licenses)
	switch {
	case p.Namespace == "":
	case p.Type == "maven" || p.Type == "npm":
		c.Group = p.Namespace
	case p.Type != "deb" && p.Type != "apk": // the namespace is part of the name, like the path of a Go module
		c.Name = p.Namespace + "/" + p.Name
	}
	return c
}

// FullName returns the name by which users of its package manager know the component.
func (c *Component) FullName() string {
	switch {
	case c.Group == "":
		return c.Name
	case c.Type == "npm":
		return c.Group + "/" + c.Name
	}
	return c.Group + ":" + c.Name
}

// labels returns the targets that made the layers with the component, sorted.
func (c *Component) labels() []string {
	return distinct(c.Places, func(p Place) string { return p.Label })
}

// origins returns the targets of the files and archives with the component, sorted.
func (c *Component) origins() []string {
	return distinct(c.Places, func(p Place) string { return p.Origin })
}

// layers returns the layers with the component, sorted.
func (c *Component) layers() []string {
	return distinct(c.Places, func(p Place) string { return string(p.Layer) })
}

// distinct returns the values of places that are not empty, sorted.
func distinct(places []Place, value func(Place) string) []string {
	seen := make(map[string]bool)
	for _, p := range places {
		if v := value(p); v != "" {
			seen[v] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// ImagePURL returns the package URL of an image with a digest. repository is empty, or a name like registry.example.com/team/app.
func ImagePURL(name, repository string, d digest.Digest) string {
	p := packages.Package{Type: "oci", Name: strings.ToLower(name), Version: string(d)}
	if repository != "" {
		p.Qualifiers = map[string]string{"repository_url": repository}
	}
	return p.PURL(nil)
}

// Disallowed returns the components whose licenses are not among the allowed ones, by the rules of license.Expression.Allowed.
// A component without a known license is among them.
func (d *Document) Disallowed(allowed []string) []Component {
	var found []Component
	for _, c := range d.Components {
		if !c.expression.Allowed(allowed) {
			found = append(found, c)
		}
	}
	return found
}

func (c *Component) set(licenses []string) {
	c.expression = license.Parse(licenses)
	c.License = c.expression.String()
}

package sbom

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

// The elements of SPDX 2.3 that a document has (spdx.github.io/spdx-spec/v2.3).
type (
	spdxDocument struct {
		Version       string             `json:"spdxVersion"`
		DataLicense   string             `json:"dataLicense"`
		ID            string             `json:"SPDXID"`
		Name          string             `json:"name"`
		Namespace     string             `json:"documentNamespace"`
		Creation      spdxCreation       `json:"creationInfo"`
		Comment       string             `json:"comment,omitempty"`
		Packages      []spdxPackage      `json:"packages"`
		Relationships []spdxRelationship `json:"relationships"`
		Licenses      []spdxLicense      `json:"hasExtractedLicensingInfos,omitempty"`
	}
	spdxCreation struct {
		Created  string   `json:"created"`
		Creators []string `json:"creators"`
	}
	spdxPackage struct {
		ID            string          `json:"SPDXID"`
		Name          string          `json:"name"`
		Version       string          `json:"versionInfo,omitempty"`
		Supplier      string          `json:"supplier,omitempty"`
		Download      string          `json:"downloadLocation"`
		FilesAnalyzed bool            `json:"filesAnalyzed"`
		Checksums     []spdxChecksum  `json:"checksums,omitempty"`
		SourceInfo    string          `json:"sourceInfo,omitempty"`
		License       string          `json:"licenseDeclared,omitempty"`
		Comment       string          `json:"comment,omitempty"`
		References    []spdxReference `json:"externalRefs,omitempty"`
		Purpose       string          `json:"primaryPackagePurpose,omitempty"`
	}
	spdxChecksum struct {
		Algorithm string `json:"algorithm"`
		Value     string `json:"checksumValue"`
	}
	spdxReference struct {
		Category string `json:"referenceCategory"`
		Type     string `json:"referenceType"`
		Locator  string `json:"referenceLocator"`
	}
	spdxRelationship struct {
		From string `json:"spdxElementId"`
		Type string `json:"relationshipType"`
		To   string `json:"relatedSpdxElement"`
	}
	spdxLicense struct {
		ID   string `json:"licenseId"`
		Text string `json:"extractedText"`
		Name string `json:"name"`
	}
)

const (
	spdxDocumentID = "SPDXRef-DOCUMENT"
	// noAssertion stands in a required field whose value is unknown: nothing in an image states where it was downloaded.
	noAssertion = "NOASSERTION"
	epoch       = "1970-01-01T00:00:00Z"
)

func (d *Document) spdx(id, created string) *spdxDocument {
	if created == "" {
		created = epoch
	}
	doc := &spdxDocument{
		Version: "SPDX-2.3", DataLicense: "CC0-1.0", ID: spdxDocumentID, Name: d.Subject.Name, Namespace: id,
		Creation: spdxCreation{created, []string{"Tool: " + creator}},
	}
	if len(d.Incomplete) > 0 {
		doc.Comment = "This document is incomplete:\n" + strings.Join(d.Incomplete, "\n")
	}
	relate := func(from, kind, to string) {
		doc.Relationships = append(doc.Relationships, spdxRelationship{from, kind, to})
	}
	relate(spdxDocumentID, "DESCRIBES", spdxID(d.Subject.Name, d.Subject.PURL))
	for _, image := range d.everyImage() {
		doc.Packages = append(doc.Packages, image.spdx())
	}
	for i := range d.Images {
		relate(spdxID(d.Subject.Name, d.Subject.PURL), "CONTAINS", spdxID(d.Images[i].Name, d.Images[i].PURL))
	}
	for i := range d.Components {
		doc.Packages = append(doc.Packages, d.Components[i].spdx())
	}
	for _, image := range d.everyImage() {
		self := spdxID(image.Name, image.PURL)
		for _, base := range d.basesOf(image) {
			relate(self, "DESCENDANT_OF", spdxID(base.Name, base.PURL))
		}
		for i := range d.Components {
			if c := &d.Components[i]; c.images[image.Digest] {
				relate(self, "CONTAINS", spdxID(c.FullName(), c.PURL))
			}
		}
	}
	for _, reference := range d.references() {
		doc.Licenses = append(doc.Licenses, spdxLicense{
			reference[0], "The metadata of packages names this license: " + reference[1], reference[1],
		})
	}
	return doc
}

// basesOf returns the bases of an image.
func (d *Document) basesOf(image *Image) []*Image {
	var found []*Image
	for _, sum := range image.Bases {
		for i := range d.Bases {
			if d.Bases[i].Digest == sum {
				found = append(found, &d.Bases[i])
			}
		}
	}
	return found
}

func (i *Image) spdx() spdxPackage {
	p := spdxPackage{
		ID: spdxID(i.Name, i.PURL), Name: i.Name, Version: string(i.Digest), Download: noAssertion, Purpose: "CONTAINER",
		Checksums:  []spdxChecksum{{"SHA256", i.Digest.Encoded()}},
		References: []spdxReference{purlReference(i.PURL)},
	}
	if i.Label != "" {
		p.SourceInfo = "target " + i.Label
	}
	if i.Platform != "" {
		p.SourceInfo = strings.TrimPrefix(p.SourceInfo+"\nplatform "+i.Platform, "\n")
	}
	if i.Incomplete {
		p.Comment = "The list of packages in this image is incomplete."
	}
	return p
}

func (c *Component) spdx() spdxPackage {
	p := spdxPackage{
		ID: spdxID(c.FullName(), c.PURL), Name: c.FullName(), Version: c.Version, Download: noAssertion, License: c.License,
		Supplier: spdxSupplier(c.Supplier), References: []spdxReference{purlReference(c.PURL)},
	}
	var lines []string
	for _, place := range c.Places {
		lines = append(lines, place.String())
	}
	for _, label := range c.Metadata {
		lines = append(lines, "metadata in target "+label)
	}
	p.SourceInfo = strings.Join(lines, "\n")
	return p
}

// String returns the place in words.
func (p Place) String() string {
	var parts []string
	if p.Path != "" {
		parts = append(parts, p.Path)
	}
	if p.Layer != "" {
		parts = append(parts, "layer "+string(p.Layer))
	}
	if p.Label != "" {
		parts = append(parts, "target "+p.Label)
	}
	if p.Origin != "" {
		parts = append(parts, "from "+p.Origin)
	}
	return strings.Join(parts, ", ")
}

func purlReference(purl string) spdxReference {
	return spdxReference{"PACKAGE-MANAGER", "purl", purl}
}

// person matches a maintainer with an e-mail address.
var person = pattern.New(`^([^<>()]*[^<>() ]) *<([^<>]+)>$`)

// spdxSupplier returns a supplier, or an empty string. Debian and Alpine do not state whether it is a person.
func spdxSupplier(name string) string {
	if name == "" {
		return ""
	}
	if parts := person().FindStringSubmatch(name); parts != nil {
		return "Organization: " + parts[1] + " (" + parts[2] + ")"
	}
	return "Organization: " + name
}

var notInID = pattern.New(`[^A-Za-z0-9.]+`)

// maxID bounds the readable part of an identifier, in bytes.
const maxID = 100

// spdxID returns the identifier of the element with a package URL.
func spdxID(name, purl string) string {
	name = strings.Trim(notInID().ReplaceAllString(name, "-"), "-")
	if len(name) > maxID {
		name = name[:maxID]
	}
	return fmt.Sprintf("SPDXRef-%s-%x", name, sha256.Sum256([]byte(purl)))[:len("SPDXRef-")+len(name)+1+16]
}

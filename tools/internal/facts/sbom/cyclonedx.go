package sbom

// The elements of CycloneDX 1.6 that a document has (cyclonedx.org/docs/1.6/json).
type (
	cdxDocument struct {
		Format       string           `json:"bomFormat"`
		SpecVersion  string           `json:"specVersion"`
		Serial       string           `json:"serialNumber,omitempty"`
		Version      int              `json:"version"`
		Metadata     cdxMetadata      `json:"metadata"`
		Components   []cdxComponent   `json:"components"`
		Dependencies []cdxDependency  `json:"dependencies"`
		Compositions []cdxComposition `json:"compositions,omitempty"`
	}
	cdxMetadata struct {
		Timestamp  string        `json:"timestamp,omitempty"`
		Tools      cdxTools      `json:"tools"`
		Component  cdxComponent  `json:"component"`
		Properties []cdxProperty `json:"properties,omitempty"`
	}
	cdxTools struct {
		Components []cdxTool `json:"components"`
	}
	cdxTool struct {
		Type string `json:"type"`
		Name string `json:"name"`
	}
	cdxComponent struct {
		Type       string        `json:"type"`
		Ref        string        `json:"bom-ref"`
		Supplier   *cdxSupplier  `json:"supplier,omitempty"`
		Group      string        `json:"group,omitempty"`
		Name       string        `json:"name"`
		Version    string        `json:"version,omitempty"`
		Hashes     []cdxHash     `json:"hashes,omitempty"`
		Licenses   []cdxLicense  `json:"licenses,omitempty"`
		PURL       string        `json:"purl"`
		Properties []cdxProperty `json:"properties,omitempty"`
		Evidence   *cdxEvidence  `json:"evidence,omitempty"`
	}
	cdxSupplier struct {
		Name string `json:"name"`
	}
	cdxHash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	// cdxLicense has either an expression or a license.
	cdxLicense struct {
		Expression      string           `json:"expression,omitempty"`
		Acknowledgement string           `json:"acknowledgement,omitempty"`
		License         *cdxNamedLicense `json:"license,omitempty"`
	}
	cdxNamedLicense struct {
		Name            string `json:"name"`
		Acknowledgement string `json:"acknowledgement"`
	}
	cdxProperty struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	cdxEvidence struct {
		Occurrences []cdxOccurrence `json:"occurrences"`
	}
	cdxOccurrence struct {
		Location string `json:"location"`
		Context  string `json:"additionalContext,omitempty"`
	}
	cdxDependency struct {
		Ref       string   `json:"ref"`
		DependsOn []string `json:"dependsOn,omitempty"`
	}
	cdxComposition struct {
		Aggregate  string   `json:"aggregate"`
		Assemblies []string `json:"assemblies"`
	}
)

// The names of properties.
const (
	propertyLabel      = "bazel:label"
	propertyOrigin     = "bazel:origin"
	propertyMetadata   = "bazel:metadata"
	propertyLayer      = "oci:layer"
	propertyPlatform   = "oci:platform"
	propertyIncomplete = "rules_strata:incomplete"
)

func (d *Document) cycloneDX(id, created string) *cdxDocument {
	doc := &cdxDocument{
		Format: "CycloneDX", SpecVersion: "1.6", Serial: id, Version: 1,
		Metadata: cdxMetadata{
			Timestamp:  created,
			Tools:      cdxTools{[]cdxTool{{"application", creator}}},
			Component:  d.Subject.cycloneDX(),
			Properties: properties(propertyIncomplete, d.Incomplete),
		},
		Components: []cdxComponent{},
	}
	all := d.everyImage()
	for _, image := range all[1:] {
		doc.Components = append(doc.Components, image.cycloneDX())
	}
	for i := range d.Components {
		doc.Components = append(doc.Components, d.Components[i].cycloneDX())
	}
	for _, image := range all {
		doc.Dependencies = append(doc.Dependencies, d.dependency(image))
		if image.Incomplete {
			doc.Compositions = append(doc.Compositions, cdxComposition{"incomplete", []string{image.PURL}})
		}
	}
	return doc
}

// dependency returns what an image consists of: the images of an index, and bases and packages of an image.
func (d *Document) dependency(image *Image) cdxDependency {
	dependency := cdxDependency{Ref: image.PURL}
	if image == &d.Subject {
		for i := range d.Images {
			dependency.DependsOn = append(dependency.DependsOn, d.Images[i].PURL)
		}
	}
	for _, base := range d.basesOf(image) {
		dependency.DependsOn = append(dependency.DependsOn, base.PURL)
	}
	for _, c := range d.Components {
		if c.images[image.Digest] {
			dependency.DependsOn = append(dependency.DependsOn, c.PURL)
		}
	}
	return dependency
}

func (i *Image) cycloneDX() cdxComponent {
	c := cdxComponent{
		Type: "container", Ref: i.PURL, Name: i.Name, Version: string(i.Digest), PURL: i.PURL,
		Hashes: []cdxHash{{"SHA-256", i.Digest.Encoded()}},
	}
	if i.Label != "" {
		c.Properties = append(c.Properties, cdxProperty{propertyLabel, i.Label})
	}
	if i.Platform != "" {
		c.Properties = append(c.Properties, cdxProperty{propertyPlatform, i.Platform})
	}
	return c
}

func (c *Component) cycloneDX() cdxComponent {
	component := cdxComponent{
		Type: "library", Ref: c.PURL, Group: c.Group, Name: c.Name, Version: c.Version, PURL: c.PURL, Licenses: c.cdxLicenses(),
	}
	if c.Supplier != "" {
		component.Supplier = &cdxSupplier{c.Supplier}
	}
	component.Properties = append(properties(propertyLabel, c.labels()), properties(propertyOrigin, c.origins())...)
	component.Properties = append(component.Properties, properties(propertyMetadata, c.Metadata)...)
	component.Properties = append(component.Properties, properties(propertyLayer, c.layers())...)
	for _, place := range c.Places {
		if place.Path == "" {
			continue
		}
		if component.Evidence == nil {
			component.Evidence = new(cdxEvidence)
		}
		component.Evidence.Occurrences = append(component.Evidence.Occurrences, cdxOccurrence{
			place.Path, Place{Layer: place.Layer, Label: place.Label, Origin: place.Origin}.String(),
		})
	}
	return component
}

// cdxLicenses returns the license. A name that is not one of SPDX needs no LicenseRef here, if it is the only one.
func (c *Component) cdxLicenses() []cdxLicense {
	const declared = "declared"
	references := c.expression.References()
	switch {
	case c.License == "":
		return nil
	case references[c.License] != "":
		return []cdxLicense{{License: &cdxNamedLicense{references[c.License], declared}}}
	}
	return []cdxLicense{{Expression: c.License, Acknowledgement: declared}}
}

// properties returns a property for each value.
func properties(name string, values []string) []cdxProperty {
	var all []cdxProperty
	for _, value := range values {
		all = append(all, cdxProperty{name, value})
	}
	return all
}

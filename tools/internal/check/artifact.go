package check

import (
	"io/fs"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// isArtifact reports whether the manifest o with the config c is not an image's. A descriptor d with a platform is that of an
// image unless the manifest or the descriptor has a type.
func isArtifact(o object, d, c oci.Descriptor) bool {
	if oci.OCIMediaType(c.MediaType) == oci.MediaTypeConfig {
		return false
	}
	_, hasType := o.fields["artifactType"]
	return hasType || d.ArtifactType != "" || d.Platform == nil
}

// artifact checks the rest of a manifest that is not an image's ("manifest.md", Guidelines for Artifact Usage). The config's
// descriptor is c.
func (in *inspector) artifact(where string, o object, c oci.Descriptor) imageFacts {
	kind, hasType := o.text("artifactType", optional)
	switch {
	case kind != "" && !isMediaType(kind):
		o.add("artifactType", ruleArtifactType, "%q is not a media type", kind)
	case kind == "" && (hasType || c.MediaType == oci.MediaTypeEmpty):
		o.add("artifactType", ruleArtifactType, "missing, and the config has no type of its own")
	}
	facts := imageFacts{config: c.Digest, artifact: true}
	in.blob(where+"/config", c)
	list, ok := o.objects("layers", required)
	in.lost = in.lost || !ok
	titles := make(map[string]bool)
	for _, l := range list {
		d, ok := in.descriptor(l)
		if !ok {
			continue
		}
		facts.layers = append(facts.layers, d.Digest)
		title, hasTitle := d.Annotations[oci.AnnotationTitle]
		switch {
		case !hasTitle:
		case !fs.ValidPath(title) || title == "." || strings.ContainsAny(title, "\\\x00"):
			l.add("annotations", ruleArtifactTitle, "the title %q is not a clean relative path", title)
		case titles[title]:
			l.add("annotations", ruleArtifactTitle, "the title %q occurs twice", title)
		}
		titles[title] = true
		in.blob(where+"/file "+short(d.Digest), d)
	}
	return facts
}

// blob checks the size and the digest of a blob, whatever it contains.
func (in *inspector) blob(where string, d oci.Descriptor) {
	if d.MediaType == oci.MediaTypeEmpty && d.Digest != oci.Empty().Digest {
		in.add(where, ruleArtifactEmpty, "the media type is %q, but the content is not {}", d.MediaType)
	}
	if in.blobs[d.Digest] {
		return
	}
	in.blobs[d.Digest] = true
	b, ok := in.open(where, d)
	if !ok {
		return
	}
	defer b.Close()
	b.verify()
	in.tally.Files++
}

package check

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

// mediaTypeForm is the form of a media type without parameters (RFC 6838, section 4.2), except for the lengths of its names.
var mediaTypeForm = pattern.New(`^` + mediaTypeName + `/` + mediaTypeName + `$`)

const (
	mediaTypeName    = `[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*`
	maxMediaTypeName = 127 // bytes
)

func isMediaType(text string) bool {
	top, sub, _ := strings.Cut(text, "/")
	return max(len(top), len(sub)) <= maxMediaTypeName && mediaTypeForm().MatchString(text)
}

// platformForm is the form of an os, an architecture or a variant.
var platformForm = pattern.New(`^[a-z0-9][a-z0-9_.-]*$`)

// descriptor reads o as a descriptor ("descriptor.md"). It returns false, after reporting why, if o does not identify
// the content.
func (in *inspector) descriptor(o object) (oci.Descriptor, bool) {
	var d oci.Descriptor
	o.keys(descriptorKeys)
	mediaType, hasType := o.text("mediaType", required)
	name, hasDigest := o.text("digest", required)
	size, hasSize := field[json.Number](o, "size", required, "a number")
	d.MediaType = mediaType
	if hasType && !isMediaType(mediaType) {
		o.add("mediaType", ruleDescriptorMediaType, "%q is not a media type", mediaType)
	}
	if hasDigest {
		d.Digest, hasDigest = in.digest(o, "digest", ruleDescriptorDigest, name)
	}
	if hasSize {
		var err error
		if d.Size, err = size.Int64(); err != nil || d.Size < 0 {
			o.add("size", ruleDescriptorSize, "%s is not a size", size)
			hasSize = false
		}
	}
	d.Annotations = o.annotations()
	d.URLs = o.texts("urls", optional)
	d.ArtifactType, _ = o.text("artifactType", optional)
	if platform, ok := o.object("platform", optional); ok {
		platform.keys(platformKeys)
		p := in.platform(platform)
		d.Platform = &p
	}
	if !hasType || !hasDigest || !hasSize {
		return d, in.lose()
	}
	in.embedded(o, d)
	in.meet(o.where, d)
	return d, true
}

// plainDescriptor is descriptor for a descriptor that was not parsed from JSON.
func (in *inspector) plainDescriptor(where string, d oci.Descriptor) (oci.Descriptor, bool) {
	data, err := oci.Marshal(d)
	if err != nil {
		in.add(where, ruleJSONType, "the descriptor cannot be written as JSON: %v", err)
		return d, false
	}
	o, ok := in.parse(where, data)
	if !ok {
		return d, false
	}
	return in.descriptor(o)
}

// digest reads the digest that is the value of the key.
func (in *inspector) digest(o object, key, rule, text string) (digest.Digest, bool) {
	d, err := digest.Parse(text)
	if err != nil {
		o.add(key, rule, "%v", err)
	}
	return d, err == nil
}

// annotations returns the annotations of a descriptor or a document.
func (o object) annotations() map[string]string {
	all := o.textMap("annotations")
	if _, ok := all[""]; ok {
		o.add("annotations", ruleDescriptorAnnotations, "a key is empty")
	}
	return all
}

// embedded checks the content that is embedded in a descriptor.
func (in *inspector) embedded(o object, d oci.Descriptor) {
	text, ok := o.text("data", optional)
	if !ok {
		return
	}
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	switch {
	case err != nil:
		o.add("data", ruleDescriptorData, "not base64: %v", err)
	case int64(len(data)) != d.Size || digest.FromBytes(data) != d.Digest:
		o.add("data", ruleDescriptorData, "not the content of %s", d.Digest)
	}
}

// meet notes a reference to a blob, and compares its description with earlier ones.
func (in *inspector) meet(where string, d oci.Descriptor) {
	first, ok := in.met[d.Digest]
	if !ok {
		in.met[d.Digest] = oci.Descriptor{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size}
		return
	}
	sameType := first.MediaType == d.MediaType || !isImageType(first.MediaType) || !isImageType(d.MediaType)
	if first.Size != d.Size || !sameType {
		in.add(where, ruleDescriptorConflict, "%s is described as %s of %d bytes and as %s of %d bytes",
			d.Digest, first.MediaType, first.Size, d.MediaType, d.Size)
	}
}

// isImageType reports whether image-spec defines the media type for documents, configs or layers. All others are those of
// files in artifacts, where equal files may have different types.
func isImageType(mediaType string) bool {
	_, err := oci.LayerCompression(mediaType)
	return err == nil || oci.IsDocument(mediaType) || oci.OCIMediaType(mediaType) == oci.MediaTypeConfig
}

// platform reads the platform of a descriptor, or of a config, which has the same keys.
func (in *inspector) platform(o object) oci.Platform {
	var p oci.Platform
	p.OS, _ = o.text("os", required)
	p.Architecture, _ = o.text("architecture", required)
	p.Variant, _ = o.text("variant", optional)
	p.OSVersion, _ = o.text("os.version", optional)
	p.OSFeatures = o.texts("os.features", optional)
	for _, part := range []struct{ key, value string }{
		{"os", p.OS}, {"architecture", p.Architecture}, {"variant", p.Variant},
	} {
		if part.value != "" && !platformForm().MatchString(part.value) {
			o.add(part.key, rulePlatformForm, "%q is not a lower-case name", part.value)
		}
	}
	slices.Sort(p.OSFeatures)
	if len(slices.Compact(slices.Clone(p.OSFeatures))) < len(p.OSFeatures) {
		o.add("os.features", rulePlatformForm, "a feature is named twice")
	}
	return p
}

// platformText returns a string that is equal only for equal platforms.
func platformText(p oci.Platform) string {
	var b bytes.Buffer
	b.WriteString(p.OS + "/" + p.Architecture)
	if p.Variant != "" {
		b.WriteString("/" + p.Variant)
	}
	if p.OSVersion != "" {
		b.WriteString(" version " + p.OSVersion)
	}
	if len(p.OSFeatures) > 0 {
		b.WriteString(" with " + strings.Join(p.OSFeatures, ", "))
	}
	return b.String()
}

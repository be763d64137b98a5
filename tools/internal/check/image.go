package check

import (
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

const (
	// maxDepth is how deep indexes may nest. Real indexes nest once.
	maxDepth = 8
	// maxLayers is how many layers Docker's overlay driver can stack.
	maxLayers = 127
)

// imageFacts holds the known facts about an image after its manifest has been checked.
type imageFacts struct {
	platform string // as platformText returns it; "" if unknown
	config   digest.Digest
	layers   []digest.Digest
	artifact bool // not an image, so there is no platform
}

// visit checks the manifest or index d, to which the document at where refers.
func (in *inspector) visit(where string, d oci.Descriptor, depth int) {
	switch {
	case depth > maxDepth && oci.IsIndex(d.MediaType):
		in.lose()
		in.add(where, ruleIndexDepth, "the index %s is nested more than %d deep", d.Digest, maxDepth)
	case oci.IsIndex(d.MediaType):
		if in.done[d.Digest] {
			return
		}
		in.done[d.Digest] = true
		place := "index " + short(d.Digest)
		if o, ok := in.document(place, d); ok {
			in.head(o, d.MediaType)
			in.index(o, d.MediaType, depth)
		}
	case oci.IsManifest(d.MediaType):
		facts, ok := in.images[d.Digest]
		if !ok {
			facts = in.image(d)
			in.images[d.Digest] = facts
		}
		if d.Platform != nil && facts.platform != "" && platformText(*d.Platform) != facts.platform {
			in.add("image "+short(d.Digest), rulePlatformMismatch, "%s states the platform %s, the config %s",
				where, platformText(*d.Platform), facts.platform)
		}
	default:
		in.add(where, ruleIndexChild, "%s has the media type %q, which is neither an image nor an index",
			d.Digest, d.MediaType)
	}
}

// head checks the fields that manifests and indexes have in common.
func (in *inspector) head(o object, mediaType string) {
	if version, ok := o.fields["schemaVersion"]; !ok || fmt.Sprint(version) != "2" {
		o.add("schemaVersion", ruleDocumentSchemaVersion, "it must be 2")
	}
	got, ok := o.text("mediaType", optional)
	_, isThere := o.fields["mediaType"]
	switch {
	case !isThere && in.opts.OptionalMediaType:
	case !ok:
		o.add("mediaType", ruleDocumentMediaType, "missing, it must be %q", mediaType)
	case got != mediaType:
		o.add("mediaType", ruleDocumentMediaType, "%q, the descriptor has %q", got, mediaType)
	}
	o.annotations()
	own := manifestKeys
	if oci.IsIndex(mediaType) {
		own = indexKeys
	}
	o.keys(own)
	o.unambiguous(own)
}

// index checks the children of an index and returns them. mediaType is "" for the index.json of a layout, which lists
// arbitrary content: its children need no platforms and may belong to either family of media types.
func (in *inspector) index(o object, mediaType string, depth int) []oci.Descriptor {
	list, ok := o.objects("manifests", required)
	in.lost = in.lost || !ok
	var children []oci.Descriptor
	platforms := make(map[string]bool)
	for _, child := range list {
		d, ok := in.descriptor(child)
		if !ok {
			continue
		}
		children = append(children, d)
		if mediaType != "" {
			in.unmixed(child, mediaType, d.MediaType)
		}
		in.visit(o.where, d, depth+1)
		if mediaType != "" && oci.IsManifest(d.MediaType) {
			switch {
			case in.images[d.Digest].artifact: // found by its type, for any platform
			case d.Platform == nil:
				child.add("platform", rulePlatformMissing, "missing")
			case platforms[platformText(*d.Platform)]:
				child.add("platform", rulePlatformDuplicate, "%s occurs twice", platformText(*d.Platform))
			default:
				platforms[platformText(*d.Platform)] = true
			}
		}
	}
	return children
}

// unmixed checks that the media types of parent and child are either both OCI's or both Docker's.
func (in *inspector) unmixed(o object, parent, child string) {
	if isDocker(parent) != isDocker(child) {
		o.add("mediaType", ruleMixedMediaTypes, "%q in a document of the type %q", child, parent)
	}
}

func isDocker(mediaType string) bool { return oci.OCIMediaType(mediaType) != mediaType }

// image checks a manifest, its config and its layers.
func (in *inspector) image(d oci.Descriptor) imageFacts {
	where := "image " + short(d.Digest)
	o, ok := in.document(where, d)
	if !ok {
		return imageFacts{}
	}
	in.tally.Manifests++
	in.head(o, d.MediaType)
	in.subject(o)
	config, hasConfig := o.object("config", required)
	in.lost = in.lost || !hasConfig
	var c oci.Descriptor
	if hasConfig {
		c, hasConfig = in.descriptor(config)
	}
	if hasConfig && isArtifact(o, d, c) {
		return in.artifact(where, o, c)
	}
	facts := imageFacts{config: c.Digest}
	layers, known := in.layerDescriptors(o, d.MediaType)
	for _, l := range layers {
		facts.layers = append(facts.layers, l.Digest)
	}
	var diffIDs []digest.Digest
	if hasConfig {
		in.unmixed(config, d.MediaType, c.MediaType)
		if oci.OCIMediaType(c.MediaType) != oci.MediaTypeConfig {
			config.add("mediaType", ruleManifestConfigType, "%q is not the type of an image config", c.MediaType)
		} else if doc, ok := in.document(where+"/config", c); ok {
			facts.platform, diffIDs = in.config(doc, len(layers), known)
		}
	}
	in.stack(where, layers, diffIDs)
	return facts
}

// subject checks the reference to the manifest or index that a manifest or an index is about. A store need not have it.
func (in *inspector) subject(o object) {
	subject, ok := o.object("subject", optional)
	if !ok {
		return
	}
	if d, ok := in.descriptor(subject); ok && !oci.IsDocument(d.MediaType) {
		subject.add("mediaType", ruleSubjectType, "%q is neither the type of a manifest nor of an index", d.MediaType)
	}
}

// layerDescriptors reads the layers of a manifest. An unusable descriptor is included with an empty digest. It
// returns false if the number of layers is unknown.
func (in *inspector) layerDescriptors(o object, mediaType string) ([]oci.Descriptor, bool) {
	list, ok := o.objects("layers", required)
	in.lost = in.lost || !ok
	if ok && len(list) > maxLayers {
		o.add("layers", ruleManifestLayerCount, "%d layers, an image has at most %d", len(list), maxLayers)
	}
	layers := make([]oci.Descriptor, len(list))
	for i, l := range list {
		d, ok := in.descriptor(l)
		if !ok {
			continue
		}
		in.unmixed(l, mediaType, d.MediaType)
		if _, err := oci.LayerCompression(d.MediaType); err != nil {
			l.add("mediaType", ruleManifestLayerType, "%q is not the type of a layer", d.MediaType)
			continue
		}
		layers[i] = d
	}
	return layers, ok
}

// stack checks the layers of an image, the lowest first.
func (in *inspector) stack(where string, layers []oci.Descriptor, diffIDs []digest.Digest) {
	for i, d := range layers {
		if d.Digest == "" {
			continue
		}
		place := fmt.Sprintf("%s/layer %d", where, i+1)
		lenient := in.opts.Lenient != nil && in.opts.Lenient(i, d.Digest)
		facts := in.layer(place, d, lenient)
		if i < len(diffIDs) && diffIDs[i] != "" && facts.diffID != "" && facts.diffID != diffIDs[i] {
			in.add(place, ruleLayerDiffID, "the digest of the decompressed layer is %s, the config states %s",
				facts.diffID, diffIDs[i])
		}
	}
}

package check

import (
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/check/internal/strictjson"
	"github.com/rules-strata/rules_strata/tools/internal/check/rawtar"
)

// Rule is one requirement for images.
type Rule struct {
	// ID names the rule. It is stable: tests and users may rely on it.
	ID string
	// Text states the requirement in one sentence.
	Text string
	// House is true if the rule is not applied to the layers of [Options.Lenient].
	House bool
}

// IDs of the rules that this package checks itself; the JSON and tar readers define theirs.
const (
	ruleJSONType    = "json-type"
	ruleJSONNull    = "json-null"
	ruleJSONKeyCase = "json-key-case"

	ruleDocumentLimit         = "document-limit"
	ruleDocumentRequired      = "document-required"
	ruleDocumentSchemaVersion = "document-schema-version"
	ruleDocumentMediaType     = "document-media-type"
	ruleDocumentAmbiguous     = "document-ambiguous"

	ruleDescriptorMediaType   = "descriptor-media-type"
	ruleDescriptorDigest      = "descriptor-digest"
	ruleDescriptorSize        = "descriptor-size"
	ruleDescriptorAnnotations = "descriptor-annotations"
	ruleDescriptorData        = "descriptor-data"
	ruleDescriptorConflict    = "descriptor-conflict"

	rulePlatformForm      = "platform-form"
	rulePlatformMissing   = "platform-missing"
	rulePlatformDuplicate = "platform-duplicate"
	rulePlatformMismatch  = "platform-mismatch"

	ruleBlobMissing = "blob-missing"
	ruleBlobRead    = "blob-read"
	ruleBlobSize    = "blob-size"
	ruleBlobDigest  = "blob-digest"

	ruleIndexChild         = "index-child"
	ruleIndexDepth         = "index-depth"
	ruleMixedMediaTypes    = "mixed-media-types"
	ruleManifestConfigType = "manifest-config-type"
	ruleManifestLayerType  = "manifest-layer-type"
	ruleManifestLayerCount = "manifest-layer-count"
	ruleSubjectType        = "subject-type"

	ruleArtifactType  = "artifact-type"
	ruleArtifactTitle = "artifact-title"
	ruleArtifactEmpty = "artifact-empty"

	ruleConfigCreated    = "config-created"
	ruleConfigEnv        = "config-env"
	ruleConfigPorts      = "config-ports"
	ruleConfigVolumes    = "config-volumes"
	ruleConfigStopSignal = "config-stop-signal"
	ruleConfigRootFSType = "config-rootfs-type"
	ruleConfigDiffIDs    = "config-diff-ids"
	ruleConfigLayerCount = "config-layer-count"
	ruleConfigHistory    = "config-history"

	ruleLayerCodec    = "layer-codec"
	ruleLayerStream   = "layer-stream"
	ruleLayerTrailing = "layer-trailing"
	ruleLayerLimit    = "layer-limit"
	ruleLayerDiffID   = "layer-diff-id"

	ruleEntryType             = "entry-type"
	ruleEntryName             = "entry-name"
	ruleEntryDuplicate        = "entry-duplicate"
	ruleEntryOrder            = "entry-order"
	ruleEntryParent           = "entry-parent"
	ruleEntryBeneath          = "entry-beneath"
	ruleEntryLink             = "entry-link"
	ruleEntryMode             = "entry-mode"
	ruleEntryTime             = "entry-mtime"
	ruleEntryWhiteout         = "entry-whiteout"
	ruleEntryWhiteoutConflict = "entry-whiteout-conflict"

	ruleLayoutMissing = "layout-missing"
	ruleLayoutVersion = "layout-version"
	ruleLayoutName    = "layout-name"
	ruleLayoutFile    = "layout-file"
	ruleLayoutOrphan  = "layout-orphan"
	ruleLayoutRefName = "layout-ref-name"

	ruleDockerRepoTag   = "docker-repo-tag"
	ruleDockerPath      = "docker-path"
	ruleDockerAgreement = "docker-agreement"

	ruleReportLimit = "report-limit"
)

// rules is the list of all rules, grouped by subject.
var rules = []Rule{
	{ID: strictjson.RuleSyntax, Text: "A document is JSON."},
	{ID: strictjson.RuleTrailing, Text: "Nothing but white space follows the JSON value of a document."},
	{ID: strictjson.RuleUTF8, Text: "A document is UTF-8, and no escape is half of a surrogate pair."},
	{ID: strictjson.RuleDuplicateKey, Text: "No key occurs twice in one JSON object."},
	{ID: ruleJSONKeyCase, Text: "No key differs only in case from another key of its object, or from one that readers " +
		"look for there (except for the keys of maps, such as labels)."},
	{ID: ruleJSONType, Text: "A field has the JSON type that its specification requires."},
	{ID: ruleJSONNull, Text: "No field is null, except in a config and RepoTags, where null stands for an absent field."},

	{ID: ruleDocumentLimit, Text: "A manifest, an index or a config has at most 8 MiB."},
	{ID: ruleDocumentRequired, Text: "Fields that the specification requires are present and not empty."},
	{ID: ruleDocumentSchemaVersion, Text: "The schemaVersion of a manifest or an index is 2."},
	{ID: ruleDocumentMediaType, Text: "A manifest or an index has a mediaType, the same as its descriptor."},
	{ID: ruleDocumentAmbiguous, Text: "A manifest or an index has no field by which readers recognise documents of " +
		"another kind, such as manifests beside layers."},

	{ID: ruleDescriptorMediaType, Text: "The media type of a descriptor has the form of RFC 6838."},
	{ID: ruleDescriptorDigest, Text: "A digest is \"sha256:\" and 64 lower-case hexadecimal digits."},
	{ID: ruleDescriptorSize, Text: "The size of a descriptor is a whole number and not negative."},
	{ID: ruleDescriptorAnnotations, Text: "Annotations have keys that are not empty."},
	{ID: ruleDescriptorData, Text: "The data embedded in a descriptor is base64 of the content that it describes."},
	{ID: ruleDescriptorConflict, Text: "All descriptors of one digest agree on the size and, unless it is a file of an " +
		"artifact, on the media type."},

	{ID: rulePlatformForm, Text: "The os and architecture of a platform are lower-case names; its features are " +
		"named once."},
	{ID: rulePlatformMissing, Text: "Each image in an index has a platform (except for index.json of a layout). " +
		"An artifact has none."},
	{ID: rulePlatformDuplicate, Text: "No two images of an index have the same platform (except for index.json " +
		"of a layout)."},
	{ID: rulePlatformMismatch, Text: "The platform in an index is the same as in the image's config."},

	{ID: ruleBlobMissing, Text: "Every referenced blob exists; a non-distributable layer that has URLs may be absent."},
	{ID: ruleBlobRead, Text: "Every blob can be read to its end."},
	{ID: ruleBlobSize, Text: "A blob has the size that its descriptor states."},
	{ID: ruleBlobDigest, Text: "A blob has the digest that its descriptor states."},

	{ID: ruleIndexChild, Text: "An index refers only to image manifests and indexes."},
	{ID: ruleIndexDepth, Text: "Indexes nest at most 8 deep."},
	{ID: ruleMixedMediaTypes, Text: "A document and everything it refers to have OCI's media types, or all have Docker's " +
		"(except for index.json of a layout)."},
	{ID: ruleManifestConfigType, Text: "The config of an image has the media type of an image config. A manifest with " +
		"any other config is an artifact's if it or its descriptor has an artifactType, or if the descriptor states no platform."},
	{ID: ruleManifestLayerType, Text: "The layers of an image have media types of image layers."},
	{ID: ruleManifestLayerCount, Text: "An image has at most 127 layers."},
	{ID: ruleSubjectType, Text: "The subject of a manifest is a manifest or an index."},

	{ID: ruleArtifactType, Text: "The artifactType of an artifact is a media type. It is present if the config is empty."},
	{ID: ruleArtifactTitle, Text: "The titles of an artifact's files are clean relative paths, and none occurs twice."},
	{ID: ruleArtifactEmpty, Text: "The media type application/vnd.oci.empty.v1+json is that of {}."},

	{ID: ruleConfigCreated, Text: "Creation times have the form of RFC 3339."},
	{ID: ruleConfigEnv, Text: "Environment variables are NAME=VALUE, and no name occurs twice."},
	{ID: ruleConfigPorts, Text: "Exposed ports are PORT, PORT/tcp, PORT/udp or PORT/sctp, each with an empty object."},
	{ID: ruleConfigVolumes, Text: "Volumes are absolute paths, each with an empty object."},
	{ID: ruleConfigStopSignal, Text: "The stop signal is a number or a name like SIGTERM or SIGRTMIN+3."},
	{ID: ruleConfigRootFSType, Text: "The type of rootfs is \"layers\"."},
	{ID: ruleConfigDiffIDs, Text: "Each of the diff_ids is a digest."},
	{ID: ruleConfigLayerCount, Text: "A config has as many diff_ids as the manifest has layers."},
	{ID: ruleConfigHistory, Text: "A history, if present, has one entry that is not empty_layer for each layer."},

	{ID: ruleLayerCodec, Text: "The compression of a layer, detected by its first bytes, is the one that its media " +
		"type states."},
	{ID: ruleLayerStream, Text: "A layer can be decompressed to its end, checksums included."},
	{ID: ruleLayerTrailing, Text: "Nothing follows the compressed data of a layer; several gzip members or zstd " +
		"frames are allowed."},
	{ID: ruleLayerLimit, Text: "A layer does not decompress to more than the limit."},
	{ID: ruleLayerDiffID, Text: "The decompressed layer has the digest that the config's diff_ids state."},

	{ID: rawtar.RuleTruncated, Text: "A tar is not cut off inside a header or a content."},
	{ID: rawtar.RuleChecksum, Text: "Each header of a tar has the correct checksum."},
	{ID: rawtar.RuleSize, Text: "The size of an entry is a number, not negative, and zero for types without content."},
	{ID: rawtar.RulePAX, Text: "Extended headers are well-formed, and an entry follows them."},
	{ID: rawtar.RuleLimit, Text: "An extended header has at most 1 MiB, all names of a tar together at most 256 MiB."},
	{ID: rawtar.RuleSparse, Text: "No entry is a sparse file in GNU's old format."},
	{ID: rawtar.RuleEnd, House: true, Text: "A tar ends with two zero blocks, and nothing but zeros follows them."},
	{ID: rawtar.RuleFormat, House: true, Text: "The headers of a tar are USTAR, with PAX extended headers where needed."},
	{ID: rawtar.RuleNumber, House: true, Text: "Numbers in tar headers are octal, and owners are not negative."},
	{ID: rawtar.RulePAXForm, House: true, Text: "Extended headers contain only necessary records, sorted, each " +
		"once, in UTF-8, and are not global."},
	{ID: rawtar.RulePadding, House: true, Text: "Unused bytes of headers and of blocks are zero."},

	{ID: ruleEntryType, House: true, Text: "An entry is a file, a directory, a link, a device or a FIFO; in an " +
		"archive of an image, a file or a directory."},
	{ID: ruleEntryName, House: true, Text: "Names are relative, clean and UTF-8, have no part longer than 255 " +
		"bytes, and end with \"/\" if and only if they are directories."},
	{ID: ruleEntryDuplicate, House: true, Text: "No path occurs twice."},
	{ID: ruleEntryOrder, House: true, Text: "Entries are in the byte order of their names."},
	{ID: ruleEntryParent, House: true, Text: "The directory that contains an entry is itself an entry, and comes first."},
	{ID: ruleEntryBeneath, House: true, Text: "Only directories have entries beneath them."},
	{ID: ruleEntryLink, House: true, Text: "A hard link points to a file earlier in the same layer, a symlink has a " +
		"target, and other entries have none."},
	{ID: ruleEntryMode, House: true, Text: "Modes contain only permission bits, at most 07777."},
	{ID: ruleEntryTime, House: true, Text: "Modification times are in the years 1 to 9999."},
	{ID: ruleEntryWhiteout, House: true, Text: "A name that begins with \".wh.\" is an empty file and deletes a " +
		"name, or is \".wh..wh..opq\"."},
	{ID: ruleEntryWhiteoutConflict, House: true, Text: "A layer does not both delete and contain a path."},

	{ID: ruleLayoutMissing, Text: "A layout has the files oci-layout and index.json."},
	{ID: ruleLayoutVersion, Text: "The imageLayoutVersion in oci-layout is 1.0.0."},
	{ID: ruleLayoutName, Text: "A layout contains nothing but oci-layout, index.json, blobs named by their " +
		"digests and, in an archive, manifest.json."},
	{ID: ruleLayoutFile, Text: "The files and directories of a layout are not symlinks."},
	{ID: ruleLayoutOrphan, Text: "Every blob of a layout is referenced (checked only if all documents can be read)."},
	{ID: ruleLayoutRefName, Text: "The annotations that name an image have the form of a reference."},

	{ID: ruleDockerRepoTag, Text: "The RepoTags in manifest.json are names with a tag, and none occurs twice."},
	{ID: ruleDockerPath, Text: "The paths in manifest.json are files of the archive."},
	{ID: ruleDockerAgreement, Text: "Each image in manifest.json has the config and the layers of an OCI manifest " +
		"in the archive."},

	{ID: ruleReportLimit, Text: "At most 1000 violations of a rule are listed per document or layer."},
}

// Rules returns all rules, in the order of the documentation.
func Rules() []Rule { return slices.Clone(rules) }

// houseRules holds the IDs of the rules that are not applied to layers of a base.
var houseRules = func() map[string]bool {
	ids := make(map[string]bool)
	for _, r := range rules {
		ids[r.ID] = r.House
	}
	return ids
}()

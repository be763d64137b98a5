package image

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

// mediaTypeForm is the form of a media type without parameters (RFC 6838, section 4.2), except for the lengths of its names.
var mediaTypeForm = pattern.New(`^` + mediaTypeName + `/` + mediaTypeName + `$`)

const (
	mediaTypeName    = `[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*`
	maxMediaTypeName = 127 // bytes
)

// Artifact describes an artifact: files that are not an image, but that a registry stores like one.
type Artifact struct {
	// Type is the type of the artifact, a media type. It may be empty if Config has a media type of its own, which then is
	// the type.
	Type string
	// Config is the descriptor of the config. Nil means that there is none.
	Config *oci.Descriptor
	// Files are the descriptors of the files.
	Files []oci.Descriptor
	// Subject is the manifest or index that the artifact refers to, or nil.
	Subject *oci.Descriptor
	// Annotations are those of the manifest.
	Annotations map[string]string
}

// Manifest returns the manifest of the artifact ("manifest.md", Guidelines for Artifact Usage). The empty descriptor takes
// the place of a missing config, and of the files if there are none. The returned descriptor has the artifact's type and no
// platform.
func (a Artifact) Manifest() (Document, error) {
	if err := a.checkTypes(); err != nil {
		return Document{}, err
	}
	if err := checkFiles(a.Files); err != nil {
		return Document{}, err
	}
	if err := checkAnnotations(a.Annotations); err != nil {
		return Document{}, err
	}
	manifest := oci.Manifest{
		Versioned:    oci.SchemaVersion,
		MediaType:    oci.MediaTypeManifest,
		ArtifactType: a.Type,
		Config:       oci.Empty(),
		Layers:       append([]oci.Descriptor{}, a.Files...),
		Annotations:  a.Annotations,
	}
	if a.Config != nil {
		manifest.Config = *a.Config
	}
	if len(a.Files) == 0 {
		manifest.Layers = append(manifest.Layers, oci.Empty())
	}
	if a.Subject != nil {
		subject, err := subjectOf(*a.Subject)
		if err != nil {
			return Document{}, fmt.Errorf("subject: %w", err)
		}
		manifest.Subject = &subject
	}
	document, err := newDocument(manifest, oci.MediaTypeManifest, nil)
	document.Descriptor.ArtifactType = oci.ArtifactType(manifest)
	return document, err
}

// checkTypes checks the type and the config.
func (a Artifact) checkTypes() error {
	if a.Type != "" {
		if err := checkMediaType(a.Type); err != nil {
			return fmt.Errorf("artifact type: %w", err)
		}
	}
	if a.Config == nil {
		if a.Type == "" {
			return errors.New("an artifact without a config needs an artifact type")
		}
		return nil
	}
	if err := checkBlob(*a.Config); err != nil {
		return fmt.Errorf("config: %w", err)
	}
	switch oci.OCIMediaType(a.Config.MediaType) {
	case oci.MediaTypeConfig:
		return fmt.Errorf("config: media type %q makes the artifact an image", a.Config.MediaType)
	case oci.MediaTypeEmpty:
		return fmt.Errorf("config: media type %q is for artifacts without a config", a.Config.MediaType)
	}
	return nil
}

// checkFiles checks the descriptors of files. A client writes each file to its title, so titles differ.
func checkFiles(files []oci.Descriptor) error {
	seen := make(map[string]bool)
	for i, file := range files {
		if err := CheckFile(file); err != nil {
			return fmt.Errorf("file %d: %w", i+1, err)
		}
		title := file.Annotations[oci.AnnotationTitle]
		if seen[title] {
			return fmt.Errorf("two files have the title %q", title)
		}
		seen[title] = title != ""
	}
	return nil
}

// CheckFile rejects a descriptor that cannot be that of a file in an artifact. A title must be a path to which a client can
// write the file, below a directory of its choice.
func CheckFile(d oci.Descriptor) error {
	title, hasTitle := d.Annotations[oci.AnnotationTitle]
	if hasTitle && (!fs.ValidPath(title) || title == "." || strings.ContainsAny(title, "\\\x00")) {
		return fmt.Errorf("title %q is not a relative path without \".\" and \"..\"", title)
	}
	return checkBlob(d)
}

// checkBlob rejects a descriptor that cannot identify a blob of an artifact.
func checkBlob(d oci.Descriptor) error {
	if err := checkMediaType(d.MediaType); err != nil {
		return err
	}
	if oci.IsDocument(d.MediaType) {
		return fmt.Errorf("media type %q is that of a manifest or an index, which a registry does not store as a file",
			d.MediaType)
	}
	return checkDescriptor(d)
}

// subjectOf returns the descriptor by which a manifest refers to its subject: it only identifies the subject.
func subjectOf(d oci.Descriptor) (oci.Descriptor, error) {
	if !oci.IsDocument(d.MediaType) {
		return oci.Descriptor{}, fmt.Errorf("media type %q is neither an image manifest nor an index", d.MediaType)
	}
	return oci.Descriptor{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size}, checkDescriptor(d)
}

// checkMediaType rejects texts that are not media types without parameters.
func checkMediaType(text string) error {
	top, sub, _ := strings.Cut(text, "/")
	if max(len(top), len(sub)) > maxMediaTypeName || !mediaTypeForm().MatchString(text) {
		return fmt.Errorf("%q is not a media type, expected TYPE/SUBTYPE", text)
	}
	return nil
}

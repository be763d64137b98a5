package push

import (
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// Outcome is the result for one object of a push.
type Outcome string

// The outcomes.
const (
	Pushed  Outcome = "pushed"
	Mounted Outcome = "mounted"
	Present Outcome = "already there"
	Missing Outcome = "would be pushed" // in a dry run
	Foreign Outcome = "not distributable, its address is in the manifest"
)

// Event reports the outcome for one object of a push.
type Event struct {
	// Repository is where the object is now, as "registry/repository".
	Repository string
	// Object is the blob, manifest or index. For a tag it is the manifest or index that the tag now names.
	Object oci.Descriptor
	// Tag is the tag that was set on the object, or empty.
	Tag string
	// Outcome is the result for the object.
	Outcome Outcome
	// From is the repository that a blob was mounted from.
	From string
}

// String describes the object and its outcome, without the repository.
func (e Event) String() string {
	text := e.object() + ": " + string(e.Outcome)
	if e.From != "" {
		text += " from " + e.From
	}
	return text
}

// object names the object.
func (e Event) object() string {
	d := e.Object
	switch {
	case e.Tag != "":
		return fmt.Sprintf("tag %s:%s", e.Repository, e.Tag)
	case oci.IsIndex(d.MediaType):
		return "index " + d.Digest.String()
	case oci.IsManifest(d.MediaType):
		return "manifest " + d.Digest.String()
	}
	return fmt.Sprintf("blob %s (%d bytes)", d.Digest, d.Size)
}

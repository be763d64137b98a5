// Package check validates images without trusting them: it recomputes every digest and size, decompresses and reads every
// layer, compares every document with the specification and with the other documents, and lists all violations, not only
// the first.
//
// It is the oracle of this project's tests and the core of the tool check. It therefore shares as little as possible with
// the code that makes images: it has its own readers for JSON, tar, layouts and archives. The rules are those of
// image-spec 1.1, those of Docker for images that must work there too, and house rules, which state this project's
// guarantees for its own layers, such as sorted entries. [Rules] and docs/validator.md list them all.
//
// Artifacts, whose files are not layers, are checked for integrity and for the rules of their manifests.
//
// Non-goals: repairing anything; judging whether an image is useful; the contents of artifacts, signatures among them.
//
// Invariants: a violation is a value, not an error; an error is returned only if the check itself could not be done.
// The result does not depend on time, machine or map order. Memory is bounded for any input.
package check

import (
	"context"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Options state how strict a check is. The zero value is the strictest.
type Options struct {
	// Lenient reports whether a layer comes from a third-party base: such a layer is checked for integrity, but not for
	// house rules. It gets the layer's position, counted from 0 at the bottom, and its digest. If it is nil, no layer is
	// such a layer.
	Lenient func(place int, layer digest.Digest) bool
	// MaxUncompressed is how many bytes a layer may decompress to. Zero means 64 GiB.
	MaxUncompressed int64
	// Layers are the reports of layers that were checked before, whose blobs are not read.
	Layers []LayerReport
	// OptionalMediaType allows manifests and indexes without a mediaType, which image-spec 1.1 only recommends ("manifest.md")
	// and old versions of Podman and skopeo leave out.
	OptionalMediaType bool
	// FollowSymlinks allows the files of a layout directory to be symlinks, as in Bazel's sandbox.
	FollowSymlinks bool
}

// defaultMaxUncompressed is the default of [Options.MaxUncompressed].
const defaultMaxUncompressed = 64 << 30

// Report is the result of a check.
type Report struct {
	// Violations is sorted by place, rule and text. It is empty if the image is valid.
	Violations []Violation
	// Manifests, Layers and Entries count manifests, distinct layers, and entries of these layers. Files counts the distinct
	// files and configs of artifacts.
	Manifests, Layers, Entries, Files int
}

// Summary returns the counts in words.
func (r Report) Summary() string {
	text := fmt.Sprintf("%d manifests, %d layers, %d entries", r.Manifests, r.Layers, r.Entries)
	if r.Files > 0 {
		text += fmt.Sprintf(", %d files of artifacts", r.Files)
	}
	return text
}

// Violation is one violation of a rule.
type Violation struct {
	// Where is the place, from the outside in, such as "image sha256:0123456789ab/layer 2/entry etc/passwd". Digests are
	// truncated to twelve digits, layers are counted from 1 at the bottom.
	Where string `json:"where"`
	// Rule is the ID of the violated rule, one of [Rules].
	Rule string `json:"rule"`
	// Text describes the problem.
	Text string `json:"text"`
}

// Image checks the image or index that root describes, and everything reachable from it in src.
func Image(ctx context.Context, src content.Source, root oci.Descriptor, o Options) (Report, error) {
	in := newInspector(ctx, src, o)
	where := "root"
	if _, ok := in.plainDescriptor(where, root); ok {
		in.visit(where, root, 0)
	}
	return in.report()
}

// inspector is one check in progress.
type inspector struct {
	ctx  context.Context
	src  content.Source
	opts Options
	*collector

	met    map[digest.Digest]oci.Descriptor // every blob that was reached, as first described
	images map[digest.Digest]imageFacts     // every manifest that was checked
	done   map[digest.Digest]bool           // every index that was checked
	layers map[layerKey]layerFacts          // every layer that was checked
	blobs  map[digest.Digest]bool           // every file of an artifact that was checked
	tally  Report                           // counts
	lost   bool                             // a reference could not be read
}

func newInspector(ctx context.Context, src content.Source, o Options) *inspector {
	if o.MaxUncompressed <= 0 {
		o.MaxUncompressed = defaultMaxUncompressed
	}
	return &inspector{
		ctx: ctx, src: src, opts: o, collector: newCollector(),
		met:    make(map[digest.Digest]oci.Descriptor),
		images: make(map[digest.Digest]imageFacts),
		done:   make(map[digest.Digest]bool),
		layers: make(map[layerKey]layerFacts),
		blobs:  make(map[digest.Digest]bool),
	}
}

// report finishes the check.
func (in *inspector) report() (Report, error) {
	if err := in.ctx.Err(); err != nil {
		return Report{}, err
	}
	in.tally.Violations = in.sorted()
	return in.tally, nil
}

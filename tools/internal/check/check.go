// Package check distrusts images: it recomputes every digest and size, decompresses and reads every layer, compares
// every document with the specification and with the other documents, and lists all violations, not the first alone.
//
// It is the oracle of this project's tests and the core of the tool check. For that it shares as little as it can with the
// code that makes images: it has its own readers of JSON, tar, layouts and archives. The rules are those of image-spec
// 1.1, those of Docker where an image must serve it too, and house rules: what this project promises of its own layers,
// such as sorted entries. [Rules] lists them all, docs/validator.md too.
//
// Non-goals: repairing anything; saying whether an image is useful; signatures and other artifacts.
//
// Invariants: a violation is a value, not an error; an error is returned only if the checking itself could not be done.
// The result does not depend on time, machine or map order. Memory is bounded whatever the input holds.
package check

import (
	"context"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Options says how strict to be. The zero value is the strictest.
type Options struct {
	// Lenient reports whether a layer comes from a base that others made: such a layer is checked for integrity, but
	// not for house rules. It gets the layer's place, counted from 0, the lowest, and its digest. Nil means that none does.
	Lenient func(place int, layer digest.Digest) bool
	// MaxUncompressed is how many bytes a layer may decompress to. Zero stands for 64 GiB.
	MaxUncompressed int64
	// FollowSymlinks lets the files of a layout directory be symlinks, as Bazel's sandbox shows files.
	FollowSymlinks bool
}

// defaultMaxUncompressed is the limit of [Options.MaxUncompressed] where none is set.
const defaultMaxUncompressed = 64 << 30

// Report is the result of a check.
type Report struct {
	// Violations is sorted by place, rule and text. It is empty if all is well.
	Violations []Violation
	// Manifests, Layers and Entries count what was met: image manifests, distinct layers, and entries of these layers.
	Manifests, Layers, Entries int
}

// Violation is one thing that is not as it must be.
type Violation struct {
	// Where is the place, from the outside in, such as "image sha256:0123456789ab/layer 2/entry etc/passwd". Digests are
	// cut to twelve digits, layers are counted from 1, the lowest.
	Where string
	// Rule is the id of the rule that is broken, one of [Rules].
	Rule string
	// Text describes the problem.
	Text string
}

// Image checks the image or index that root describes, and everything that it reaches in src.
func Image(ctx context.Context, src content.Source, root oci.Descriptor, o Options) (Report, error) {
	in := newInspector(ctx, src, o)
	where := "root"
	if _, ok := in.plainDescriptor(where, root); ok {
		in.visit(where, root, 0)
	}
	return in.report()
}

// inspector is one check under way.
type inspector struct {
	ctx  context.Context
	src  content.Source
	opts Options
	*collector

	met    map[digest.Digest]oci.Descriptor // every blob that was reached, as it was first described
	images map[digest.Digest]imageFacts     // every manifest that was checked
	done   map[digest.Digest]bool           // every index that was checked
	layers map[layerKey]layerFacts          // every layer that was checked
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
	}
}

// report ends the check.
func (in *inspector) report() (Report, error) {
	if err := in.ctx.Err(); err != nil {
		return Report{}, err
	}
	in.tally.Violations = in.sorted()
	return in.tally, nil
}

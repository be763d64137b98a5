// Package push makes an image part of a repository with as few requests and bytes as that takes.
//
// The registry is asked for every part before it is sent, blobs travel several at once, and what refers to something
// comes after it: blobs, manifests, index, tags. A push that breaks off therefore leaves no name for half an image,
// and the next one goes on from there.
//
// Non-goals: the protocol (package registry), where the bytes come from (package content), names and terminals.
package push

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/rules-strata/rules_strata/tools/internal/content"
	"github.com/rules-strata/rules_strata/tools/internal/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
)

// defaultJobs is how many blobs travel at once where nothing else is said: as many as Docker and crane send.
const defaultJobs = 4

// Options say how an image is pushed.
type Options struct {
	// Tags are the tags to give to the image, when all of it is there. Without any it can be named by its digest only.
	Tags []string
	// Jobs is how many blobs are sent at the same time. Zero or less means 4.
	Jobs int
	// DryRun asks the registry what it has, and sends nothing.
	DryRun bool
	// Progress is told of every object, once that is dealt with. Calls do not overlap. Nil means nobody listens.
	Progress func(Event)
}

// Outcome is what became of one object of a push.
type Outcome string

// The outcomes.
const (
	Pushed  Outcome = "pushed"
	Present Outcome = "already there"
	Missing Outcome = "would be pushed" // in a dry run
	Foreign Outcome = "not distributable, its address is in the manifest"
)

// Event tells of one object of a push.
type Event struct {
	// Object is the blob, manifest or index. For a tag it is what the tag now names.
	Object oci.Descriptor
	// Tag is the tag that was given to the object, or empty.
	Tag string
	// Outcome is what became of it.
	Outcome Outcome
}

// Image makes the image or index root, whose blobs src has, part of the repository. What the registry has is not read.
func Image(
	ctx context.Context, to *registry.Repository, src content.Source, root oci.Descriptor, o Options,
) error {
	p := &push{to: to, src: src, o: o, seen: make(map[digest.Digest]bool)}
	present, tags, err := p.rootAndTags(ctx, root)
	if err != nil {
		return err
	}
	if present {
		p.tell(root, Present)
	} else {
		if err := p.plan(ctx, root, 0); err != nil {
			return err
		}
		if err := p.sendBlobs(ctx); err != nil {
			return err
		}
		if err := p.sendDocuments(ctx, root, len(tags) > 0); err != nil {
			return err
		}
	}
	return p.sendTags(ctx, root, tags)
}

// push is one push under way.
type push struct {
	to  *registry.Repository
	src content.Source
	o   Options

	seen      map[digest.Digest]bool // what the plan holds
	blobs     []oci.Descriptor
	documents []document // children before parents

	mu sync.Mutex // held while Progress is told
}

type document struct {
	oci.Descriptor
	data []byte
}

// rootAndTags reports whether the registry holds root, and which of the tags do not name it yet. For an unchanged
// image one request per tag answers both.
func (p *push) rootAndTags(ctx context.Context, root oci.Descriptor) (present bool, missing []string, err error) {
	for _, tag := range p.o.Tags {
		found, err := p.to.Resolve(ctx, tag)
		switch {
		case errors.Is(err, content.ErrNotFound):
			missing = append(missing, tag)
		case err != nil:
			return false, nil, err
		case found == root.Digest:
			present = true
			p.emit(Event{root, tag, Present})
		default:
			missing = append(missing, tag)
		}
	}
	if !present {
		present, err = p.hasManifest(ctx, root)
	}
	return present, missing, err
}

// hasManifest reports whether the repository holds the manifest or index d.
func (p *push) hasManifest(ctx context.Context, d oci.Descriptor) (bool, error) {
	_, err := p.to.Resolve(ctx, d.Digest.String())
	if errors.Is(err, content.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// maxDepth is how deep indexes may nest. Real ones nest once.
const maxDepth = 8

// plan finds the documents below d that the registry lacks, and their blobs. A document that the registry has is not
// looked into: a registry takes one only after all that it refers to.
func (p *push) plan(ctx context.Context, d oci.Descriptor, depth int) error {
	if p.seen[d.Digest] {
		return nil
	}
	p.seen[d.Digest] = true
	switch {
	case !oci.IsIndex(d.MediaType) && !oci.IsManifest(d.MediaType):
		p.blobs = append(p.blobs, d)
		return nil
	case depth > maxDepth:
		return fmt.Errorf("%s: indexes nest more than %d deep", d.Digest, maxDepth)
	case depth > 0: // The root is known to be missing.
		present, err := p.hasManifest(ctx, d)
		if err != nil {
			return err
		}
		if present {
			p.tell(d, Present)
			return nil
		}
	}
	data, err := content.ReadAll(ctx, p.src, d)
	if err != nil {
		return err
	}
	children, err := content.Children(d.MediaType, data)
	if err != nil {
		return fmt.Errorf("%s: %w", d.Digest, err)
	}
	for _, child := range children {
		if err := p.plan(ctx, child, depth+1); err != nil {
			return err
		}
	}
	p.documents = append(p.documents, document{d, data})
	return nil
}

// sendBlobs sends the planned blobs, the largest first: it is the one that the others would wait for.
func (p *push) sendBlobs(ctx context.Context) error {
	slices.SortStableFunc(p.blobs, func(a, b oci.Descriptor) int { return cmp.Compare(b.Size, a.Size) })
	jobs := p.o.Jobs
	if jobs <= 0 {
		jobs = defaultJobs
	}
	return forEach(ctx, jobs, p.blobs, p.sendBlob)
}

func (p *push) sendBlob(ctx context.Context, d oci.Descriptor) error {
	if isForeign(d) {
		p.tell(d, Foreign)
		return nil
	}
	present, err := p.to.HasBlob(ctx, d)
	switch {
	case err != nil:
		return err
	case present:
		p.tell(d, Present)
		return nil
	case p.o.DryRun:
		p.tell(d, Missing)
		return nil
	}
	if err := p.to.PutBlob(ctx, p.src, d); err != nil {
		return err
	}
	p.tell(d, Pushed)
	return nil
}

// isForeign reports whether d is a layer that registries do not take: one that may not be distributed and has an
// address of its own.
func isForeign(d oci.Descriptor) bool {
	return len(d.URLs) > 0 && strings.Contains(oci.OCIMediaType(d.MediaType), ".nondistributable.")
}

// sendDocuments sends the planned manifests and indexes. The root is left to its first tag, if it gets one.
func (p *push) sendDocuments(ctx context.Context, root oci.Descriptor, tagged bool) error {
	for _, doc := range p.documents {
		switch {
		case p.o.DryRun:
			p.tell(doc.Descriptor, Missing)
			continue
		case doc.Digest == root.Digest && tagged:
			continue
		}
		if err := p.to.PutManifest(ctx, doc.Descriptor, doc.data, doc.Digest.String()); err != nil {
			return err
		}
		p.tell(doc.Descriptor, Pushed)
	}
	return nil
}

// sendTags gives root its tags, one after the other: distribution-spec has no other way than to send it again for each.
func (p *push) sendTags(ctx context.Context, root oci.Descriptor, tags []string) error {
	if len(tags) == 0 {
		return nil
	}
	outcome, data := Missing, []byte(nil)
	if !p.o.DryRun {
		outcome = Pushed
		var err error
		if data, err = p.rootData(ctx, root); err != nil {
			return err
		}
	}
	for _, tag := range tags {
		if !p.o.DryRun {
			if err := p.to.PutManifest(ctx, root, data, tag); err != nil {
				return err
			}
		}
		p.emit(Event{root, tag, outcome})
	}
	return nil
}

// rootData returns the bytes of root, which the plan has read unless the registry had it already.
func (p *push) rootData(ctx context.Context, root oci.Descriptor) ([]byte, error) {
	if n := len(p.documents); n > 0 {
		return p.documents[n-1].data, nil
	}
	return content.ReadAll(ctx, p.src, root)
}

func (p *push) tell(d oci.Descriptor, o Outcome) { p.emit(Event{Object: d, Outcome: o}) }

func (p *push) emit(e Event) {
	if p.o.Progress == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.o.Progress(e)
}

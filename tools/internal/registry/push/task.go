package push

import (
	"context"
	"errors"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
)

// taskWork is the work for one task.
type taskWork struct {
	Task
	push *push
	to   *registry.Repository

	present bool             // whether the registry has the root
	missing []string         // the tags that do not name it yet
	held    []oci.Descriptor // the root and the referrers that the registry has
	blobs   []oci.Descriptor
	docs    []content.Document // children before parents

	signatures []oci.Descriptor
}

// plan finds out which parts of the task's image the registry lacks.
func (w *taskWork) plan(ctx context.Context) error {
	if err := w.rootAndTags(ctx); err != nil {
		return err
	}
	var err error
	if w.present {
		w.hold(w.Root)
	} else {
		err = w.collect(ctx, w.Root)
	}
	if err != nil {
		return err
	}
	return w.planReferrers(ctx)
}

// planDocument finds out which parts of a referrer the registry lacks.
func (w *taskWork) planDocument(ctx context.Context, d oci.Descriptor) error {
	present, err := w.hasManifest(ctx, d)
	if err != nil {
		return err
	}
	if present {
		w.hold(d)
		return nil
	}
	return w.collect(ctx, d)
}

// hold notes that the registry has the root or a referrer.
func (w *taskWork) hold(d oci.Descriptor) {
	w.held = append(w.held, d)
	w.report(d, Present)
}

// rootAndTags finds out whether the registry holds the root, and which tags do not name it yet. For an unchanged image,
// one request per tag answers both questions.
func (w *taskWork) rootAndTags(ctx context.Context) error {
	for _, tag := range w.Tags {
		found, err := w.to.Resolve(ctx, tag)
		switch {
		case errors.Is(err, content.ErrNotFound):
			w.missing = append(w.missing, tag)
		case err != nil:
			return err
		case found == w.Root.Digest:
			w.present = true
			w.reportTag(tag, Present)
		default:
			w.missing = append(w.missing, tag)
		}
	}
	var err error
	if !w.present {
		w.present, err = w.hasManifest(ctx, w.Root)
	}
	return err
}

// hasManifest reports whether the repository holds the manifest or index d.
func (w *taskWork) hasManifest(ctx context.Context, d oci.Descriptor) (bool, error) {
	_, err := w.to.Resolve(ctx, d.Digest.String())
	if errors.Is(err, content.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// collect finds the documents of root that the registry lacks, and their blobs. It skips the contents of a document that the
// registry already has: a registry accepts a document only after everything it refers to.
func (w *taskWork) collect(ctx context.Context, root oci.Descriptor) error {
	return content.Walker{
		Source: w.Source,
		Enter: func(d oci.Descriptor, parents []content.Document) error {
			isDocument := oci.IsDocument(d.MediaType)
			if !isDocument || len(parents) == 0 { // We already know that root is missing.
				return nil
			}
			present, err := w.hasManifest(ctx, d)
			if err == nil && present {
				w.report(d, Present)
				err = content.ErrSkip
			}
			return err
		},
		Leave: func(d oci.Descriptor, data []byte) error {
			if data == nil {
				w.blobs = append(w.blobs, d)
			} else {
				w.docs = append(w.docs, content.Document{Descriptor: d, Text: data})
			}
			return nil
		},
	}.Walk(ctx, root)
}

// sendBlob adds a blob to the repository.
func (w *taskWork) sendBlob(ctx context.Context, d oci.Descriptor, holders []string) (Outcome, string, error) {
	if oci.MayBeAbsent(d) {
		return Foreign, "", nil
	}
	present, err := w.to.HasBlob(ctx, d)
	switch {
	case err != nil:
		return "", "", err
	case present:
		return Present, "", nil
	case w.push.DryRun:
		return Missing, "", nil
	}
	from, err := w.to.PutBlob(ctx, w.Source, d, holders...)
	if from != "" {
		return Mounted, from, err
	}
	return Pushed, "", err
}

// sendDocuments sends the planned manifests and indexes. If the root gets tags, sending the first tag sends the root, unless
// there are referrers or signers: some registries reject a referrer whose subject is missing.
func (w *taskWork) sendDocuments(ctx context.Context) error {
	for _, doc := range w.docs {
		switch {
		case w.push.DryRun:
			w.report(doc.Descriptor, Missing)
			continue
		case doc.Digest == w.Root.Digest && len(w.missing) > 0 && len(w.Referrers)+len(w.Signers) == 0:
			continue
		}
		unlisted, err := w.put(ctx, doc.Descriptor, doc.Text, doc.Digest.String())
		if err != nil {
			return err
		}
		w.report(doc.Descriptor, Pushed)
		if err := w.list(ctx, unlisted); err != nil {
			return err
		}
	}
	return nil
}

// sendTags sets the root's tags one by one: distribution-spec requires sending the root again for each tag.
func (w *taskWork) sendTags(ctx context.Context) error {
	if len(w.missing) == 0 {
		return nil
	}
	outcome, data := Missing, []byte(nil)
	if !w.push.DryRun {
		outcome = Pushed
		var err error
		if data, err = w.rootData(ctx); err != nil {
			return err
		}
	}
	for _, tag := range w.missing {
		var unlisted referrer
		if !w.push.DryRun {
			var err error
			if unlisted, err = w.put(ctx, w.Root, data, tag); err != nil {
				return err
			}
		}
		w.reportTag(tag, outcome)
		if err := w.list(ctx, unlisted); err != nil {
			return err
		}
	}
	return nil
}

// rootData returns the bytes of the root, which the plan has read unless the registry had it already.
func (w *taskWork) rootData(ctx context.Context) ([]byte, error) {
	for _, doc := range w.docs {
		if doc.Digest == w.Root.Digest {
			return doc.Text, nil
		}
	}
	return content.ReadAll(ctx, w.Source, w.Root)
}

func (w *taskWork) report(d oci.Descriptor, o Outcome) {
	w.push.emit(Event{Repository: w.to.Name(), Object: d, Outcome: o})
}

func (w *taskWork) reportTag(tag string, o Outcome) {
	w.push.emit(Event{Repository: w.to.Name(), Object: w.Root, Tag: tag, Outcome: o})
}

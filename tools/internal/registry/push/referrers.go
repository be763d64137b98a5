package push

import (
	"context"
	"errors"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
)

// referrer is a manifest or an index that refers to a subject.
type referrer struct {
	subject digest.Digest // "" if it refers to none
	entry   oci.Descriptor
}

// parseReferrer returns the subject of a manifest or an index, and the descriptor that a list of the subject's referrers has
// for it (distribution-spec 1.1, "Listing Referrers").
func parseReferrer(d oci.Descriptor, data []byte) (referrer, error) {
	var m oci.Manifest // An index has the fields that matter, too.
	if err := oci.Unmarshal(data, &m); err != nil {
		return referrer{}, fmt.Errorf("manifest %s: %w", d.Digest, err)
	}
	if m.Subject == nil {
		return referrer{}, nil
	}
	if err := oci.CheckDescriptor(*m.Subject); err != nil {
		return referrer{}, fmt.Errorf("manifest %s: subject: %w", d.Digest, err)
	}
	kind := m.ArtifactType
	if kind == "" {
		kind = m.Config.MediaType
	}
	return referrer{m.Subject.Digest, oci.Descriptor{
		MediaType: d.MediaType, Digest: d.Digest, Size: d.Size, Annotations: m.Annotations, ArtifactType: kind,
	}}, nil
}

// planReferrers plans the referrers of the task, and checks that the subject of each is pushed before it.
func (w *taskWork) planReferrers(ctx context.Context) error {
	if err := content.CheckReferrers(ctx, w.Source, []oci.Descriptor{w.Root}, w.Referrers); err != nil {
		return err
	}
	for _, d := range w.Referrers {
		if err := w.planDocument(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// put sends a manifest or an index, and returns the referrer that [taskWork.list] must add to a list, if any.
func (w *taskWork) put(ctx context.Context, d oci.Descriptor, data []byte, version string) (unlisted referrer, err error) {
	noted, err := w.to.PutManifest(ctx, d, data, version)
	if err != nil {
		return referrer{}, err
	}
	parsed, err := parseReferrer(d, data)
	if err != nil || parsed.subject == noted { // both may be ""
		return referrer{}, err
	}
	return parsed, nil
}

// list adds a referrer to the list that a tag names. It does nothing for a manifest without a subject.
func (w *taskWork) list(ctx context.Context, r referrer) error {
	if r.subject == "" {
		return nil
	}
	w.push.listing.Lock() // Our own tasks do not overwrite each other.
	defer w.push.listing.Unlock()
	added, err := w.to.AddReferrer(ctx, r.subject, r.entry)
	if err == nil && added {
		w.push.emit(Event{
			Repository: w.to.Name(), Object: r.entry, Tag: registry.ReferrersTag(r.subject), Outcome: Pushed,
		})
	}
	return err
}

// completeLists repairs what an interrupted push has left: artifacts that the registry has, but does not list.
func (w *taskWork) completeLists(ctx context.Context) error {
	for _, d := range w.held {
		if d.ArtifactType == "" || w.push.DryRun {
			continue
		}
		data, err := content.ReadAll(ctx, w.Source, d)
		if errors.Is(err, content.ErrNotFound) {
			continue // An unchanged push needs no source.
		}
		if err != nil {
			return err
		}
		parsed, err := parseReferrer(d, data)
		if err != nil {
			return err
		}
		if parsed.subject == "" {
			continue
		}
		listed, err := w.to.ListsReferrer(ctx, parsed.subject, d.Digest)
		if err == nil && !listed {
			err = w.list(ctx, parsed)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

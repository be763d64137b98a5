package content

import (
	"context"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// CheckReferrers checks that the subject of each referrer is a root, an image in one, or a referrer before it.
func CheckReferrers(ctx context.Context, src Source, roots, referrers []oci.Descriptor) error {
	if len(referrers) == 0 {
		return nil
	}
	subjects := make(map[digest.Digest]bool)
	for _, root := range roots {
		documents, err := Documents(ctx, src, root)
		if err != nil {
			return err
		}
		for _, d := range documents {
			subjects[d.Digest] = true
		}
	}
	for _, d := range referrers {
		subject, err := Subject(ctx, src, d)
		switch {
		case err != nil:
			return err
		case subject == nil:
			return fmt.Errorf("referrer %s: it has no subject", d.Digest)
		case !subjects[subject.Digest]:
			return fmt.Errorf("referrer %s: its subject %s is neither %s, nor an image in it, nor a referrer before it",
				d.Digest, subject.Digest, join(roots))
		}
		subjects[d.Digest] = true
	}
	return nil
}

// Subject returns the subject of a manifest or an index, or nil.
func Subject(ctx context.Context, src Source, d oci.Descriptor) (*oci.Descriptor, error) {
	data, err := ReadAll(ctx, src, d)
	if err != nil {
		return nil, fmt.Errorf("referrer: %w", err)
	}
	var m oci.Manifest // An index has the subject, too.
	if err := oci.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("referrer %s: %w", d.Digest, err)
	}
	return m.Subject, nil
}

// Documents returns the manifests and indexes that root reaches, root first.
func Documents(ctx context.Context, src Source, root oci.Descriptor) ([]oci.Descriptor, error) {
	var all []oci.Descriptor
	err := Walker{Source: src, Enter: func(d oci.Descriptor, _ []Document) error {
		if !oci.IsDocument(d.MediaType) {
			return ErrSkip
		}
		all = append(all, d)
		return nil
	}}.Walk(ctx, root)
	return all, err
}

// join names the roots.
func join(roots []oci.Descriptor) string {
	if len(roots) == 1 {
		return roots[0].Digest.String()
	}
	return fmt.Sprintf("one of the %d images", len(roots))
}

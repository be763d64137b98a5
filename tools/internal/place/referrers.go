package place

import (
	"context"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// maxReferrers is how many referrers an image may have. Each takes a request.
const maxReferrers = 1000

// Referrers returns the artifacts that refer to the image or the index, to an image in it, or to one another, each after its
// subject. The place is a registry, a layout or an OCI archive; others have none.
func (p *Place) Referrers(ctx context.Context, root oci.Descriptor) ([]oci.Descriptor, error) {
	list := p.referrersBeside()
	if p.repository != nil {
		list = p.repository.Referrers
	}
	subjects, err := content.Documents(ctx, p.Source, root)
	if err != nil {
		return nil, err
	}
	var found []oci.Descriptor
	seen := make(map[digest.Digest]bool)
	for _, d := range subjects {
		seen[d.Digest] = true
	}
	for len(subjects) > 0 {
		listed, err := list(ctx, subjects[0].Digest)
		if err != nil {
			return nil, err
		}
		subjects = subjects[1:]
		for _, d := range listed {
			if seen[d.Digest] {
				continue
			}
			if len(found) == maxReferrers {
				return nil, fmt.Errorf("%s: more than %d referrers", root.Digest, maxReferrers)
			}
			seen[d.Digest] = true
			d = oci.Descriptor{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size, ArtifactType: d.ArtifactType}
			found, subjects = append(found, d), append(subjects, d)
		}
	}
	return found, content.CheckReferrers(ctx, p.Source, []oci.Descriptor{root}, found)
}

// referrersBeside returns a function that finds referrers among the entries of index.json.
func (p *Place) referrersBeside() func(context.Context, digest.Digest) ([]oci.Descriptor, error) {
	var bySubject map[digest.Digest][]oci.Descriptor
	return func(ctx context.Context, subject digest.Digest) ([]oci.Descriptor, error) {
		if bySubject == nil {
			bySubject = make(map[digest.Digest][]oci.Descriptor)
			for _, root := range p.listed {
				found, err := content.Subject(ctx, p.Source, root.Descriptor)
				if err != nil {
					return nil, err
				}
				if found != nil {
					bySubject[found.Digest] = append(bySubject[found.Digest], root.Descriptor)
				}
			}
		}
		return bySubject[subject], nil
	}
}

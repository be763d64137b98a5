package registry

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

const (
	// maxRewrites is how often a list of referrers is written, if other clients overwrite it at the same time.
	maxRewrites = 5
	// rewriteWait is how long another client may take from reading the list to writing it.
	rewriteWait = 500 * time.Millisecond
	// maxPages is how many pages a list of referrers may have.
	maxPages = 100
)

// ReferrersTag returns the tag of the index that lists the referrers of a manifest in a registry that does not do so itself
// (distribution-spec 1.1, "Referrers Tag Schema").
func ReferrersTag(subject digest.Digest) string {
	return subject.Algorithm().String() + "-" + subject.Encoded()
}

// ListsReferrer reports whether the registry itself lists the referrer of a subject (distribution-spec 1.1, "Listing
// Referrers"). It returns false for a registry without that function.
func (r *Repository) ListsReferrer(ctx context.Context, subject, referrer digest.Digest) (lists bool, err error) {
	listed, _, err := r.listed(ctx, subject)
	return containsDigest(listed, referrer), err
}

// Referrers returns the referrers of a subject that the registry lists or, if it has no such function, those in the index of
// [ReferrersTag]. The descriptors are not verified.
func (r *Repository) Referrers(ctx context.Context, subject digest.Digest) ([]oci.Descriptor, error) {
	listed, can, err := r.listed(ctx, subject)
	if can || err != nil {
		return listed, err
	}
	index, err := r.referrers(ctx, ReferrersTag(subject))
	return index.Manifests, err
}

// listed returns the referrers of a subject that the registry itself lists, and whether it has that function.
func (r *Repository) listed(ctx context.Context, subject digest.Digest) (all []oci.Descriptor, can bool, err error) {
	next := r.url("referrers", subject.String())
	for range maxPages {
		page := page{from: next}
		err := r.client.wait.Retry(ctx, func() error { return r.readPage(ctx, &page, subject) })
		if err != nil || !page.can {
			return nil, false, err
		}
		all = append(all, page.listed...)
		if next = page.next; next == nil {
			return all, true, nil
		}
	}
	return nil, false, fmt.Errorf("%s: more than %d pages", r.subject("referrers of "+subject.String()), maxPages)
}

// page is a part of a list of referrers.
type page struct {
	from, next *url.URL
	listed     []oci.Descriptor
	can        bool // whether the registry lists referrers
}

// readPage fills in the page.
func (r *Repository) readPage(ctx context.Context, p *page, subject digest.Digest) error {
	q := request{
		what: "referrers of " + subject.String(), method: http.MethodGet, url: p.from,
		header: http.Header{"Accept": {oci.MediaTypeIndex}}, accept: []int{http.StatusOK},
	}
	resp, err := r.send(ctx, q)
	switch statusOf(err) {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed:
		return nil
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	transport.Bound(resp.Body)
	data, err := io.ReadAll(io.LimitReader(resp.Body, content.MaxDocument))
	if err != nil {
		return r.noAnswer(q.what, err)
	}
	var index oci.Index
	if oci.Unmarshal(data, &index) != nil { // An answer that is not an index lists nothing.
		return nil
	}
	p.listed, p.can, p.next = index.Manifests, true, nextPage(p.from, resp.Header)
	return nil
}

// nextPage returns the address of the next page, on the same host, or nil (RFC 5988).
func nextPage(from *url.URL, header http.Header) *url.URL {
	address, rest, found := strings.Cut(strings.TrimPrefix(header.Get("Link"), "<"), ">")
	if !found || !strings.Contains(rest, `rel="next"`) {
		return nil
	}
	next, err := from.Parse(address)
	if err != nil || next.Host != from.Host || next.Scheme != from.Scheme {
		return nil
	}
	return next
}

// AddReferrer adds a manifest to the index of its subject's referrers under [ReferrersTag], unless it is there. It reports
// whether it did.
//
// No registry can compare and swap, so clients that write at the same time overwrite each other. AddReferrer waits after it
// has written, and adds the manifest again if another client that had read the index before has removed it.
func (r *Repository) AddReferrer(ctx context.Context, subject digest.Digest, referrer oci.Descriptor) (bool, error) {
	tag := ReferrersTag(subject)
	for rewrites := 0; ; rewrites++ {
		index, err := r.referrers(ctx, tag)
		if err != nil {
			return false, err
		}
		if containsDigest(index.Manifests, referrer.Digest) {
			return rewrites > 0, nil
		}
		if rewrites == maxRewrites {
			return false, fmt.Errorf("%s: other clients have removed %s %d times; try again",
				r.subject("tag "+tag), referrer.Digest, maxRewrites)
		}
		index.Manifests = append(index.Manifests, referrer)
		data, err := oci.Marshal(index)
		if err != nil {
			return false, err
		}
		d := oci.Descriptor{MediaType: oci.MediaTypeIndex, Digest: digest.FromBytes(data), Size: int64(len(data))}
		if _, err := r.PutManifest(ctx, d, data, tag); err != nil {
			return false, err
		}
		if err := r.client.wait.Pause(ctx, rewriteWait); err != nil {
			return false, err
		}
	}
}

// referrers returns the index of a tag, or an empty one.
func (r *Repository) referrers(ctx context.Context, tag string) (oci.Index, error) {
	index := oci.Index{Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeIndex, Manifests: []oci.Descriptor{}}
	d, data, err := r.Fetch(ctx, tag)
	if isNotFound(err) {
		return index, nil
	}
	if err != nil {
		return oci.Index{}, err
	}
	if d.MediaType != oci.MediaTypeIndex {
		return oci.Index{}, fmt.Errorf("%s: media type %q, expected the index of referrers", r.subject("tag "+tag), d.MediaType)
	}
	if err := oci.UnmarshalDistinct(data, &index); err != nil {
		return oci.Index{}, fmt.Errorf("%s: %w", r.subject("tag "+tag), err)
	}
	return index, nil
}

func containsDigest(all []oci.Descriptor, d digest.Digest) bool {
	return slices.ContainsFunc(all, func(m oci.Descriptor) bool { return m.Digest == d })
}

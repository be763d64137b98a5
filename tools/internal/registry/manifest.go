package registry

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

// acceptManifests are the documents we can read. Without this list a registry may convert a document to another format.
var acceptManifests = strings.Join([]string{
	oci.MediaTypeIndex, oci.MediaTypeManifest, oci.DockerMediaTypeIndex, oci.DockerMediaTypeManifest,
}, ", ")

// Resolve returns the digest of the manifest or index that version, a tag or a digest, names. It fails with
// content.ErrNotFound if none exists, and returns "" if the registry has one but does not state its digest.
func (r *Repository) Resolve(ctx context.Context, version string) (found digest.Digest, err error) {
	what := "manifest " + version
	err = r.client.wait.Retry(ctx, func() error {
		resp, err := r.send(ctx, request{
			what: what, method: http.MethodHead, url: r.url("manifests", version),
			header: http.Header{"Accept": {acceptManifests}}, accept: []int{http.StatusOK},
		})
		if err != nil {
			return err
		}
		resp.Body.Close()
		if want, err := digest.Parse(version); err == nil {
			found = want
			return r.checkDigest(what, resp, want)
		}
		// A digest that we cannot read is as useless as a missing one.
		found, _ = digest.Parse(resp.Header.Get("Docker-Content-Digest"))
		return nil
	})
	return found, err
}

// Fetch returns the manifest or index that version, a tag or a digest, names, and its descriptor. The document is
// verified against the requested digest and the one that the registry states.
func (r *Repository) Fetch(ctx context.Context, version string) (d oci.Descriptor, data []byte, err error) {
	err = r.client.wait.Retry(ctx, func() error {
		d, data, err = r.fetch(ctx, version)
		return err
	})
	return d, data, err
}

func (r *Repository) fetch(ctx context.Context, version string) (oci.Descriptor, []byte, error) {
	what := "manifest " + version
	fail := func(err error) (oci.Descriptor, []byte, error) { return oci.Descriptor{}, nil, err }
	resp, err := r.send(ctx, request{
		what: what, method: http.MethodGet, url: r.url("manifests", version),
		header: http.Header{"Accept": {acceptManifests}}, accept: []int{http.StatusOK},
	})
	if err != nil {
		return fail(err)
	}
	defer resp.Body.Close()
	transport.Bound(resp.Body)
	data, err := io.ReadAll(io.LimitReader(resp.Body, content.MaxDocument+1))
	switch {
	case err != nil:
		return fail(r.noAnswer(what, err))
	case len(data) > content.MaxDocument:
		return fail(fmt.Errorf("%s: longer than %d bytes", r.subject(what), content.MaxDocument))
	}
	d := oci.Descriptor{Digest: digest.FromBytes(data), Size: int64(len(data))}
	if want, err := digest.Parse(version); err == nil && want != d.Digest {
		return fail(fmt.Errorf("%s: its bytes have the digest %s", r.subject(what), d.Digest))
	}
	if err := r.checkDigest(what, resp, d.Digest); err != nil {
		return fail(err)
	}
	if d.MediaType, err = mediaType(resp.Header.Get("Content-Type"), data); err != nil {
		return fail(fmt.Errorf("%s: %w", r.subject(what), err))
	}
	return d, data, nil
}

// mediaType returns the media type of a document: its own mediaType or, without one, that of the header.
func mediaType(header string, data []byte) (string, error) {
	var document struct {
		MediaType string `json:"mediaType"`
	}
	if err := oci.Unmarshal(data, &document); err != nil {
		return "", fmt.Errorf("not a manifest: %w", err)
	}
	stated, _, _ := mime.ParseMediaType(header) // An unreadable header is treated as missing.
	t := cmp.Or(document.MediaType, stated)
	if !oci.IsDocument(t) {
		return "", fmt.Errorf("media type %q is not an image or index type", t)
	}
	return t, nil
}

// PutManifest stores data, the bytes of the manifest or index d, under version: a tag, or the digest of d. It returns the
// subject that the registry has noted (distribution-spec 1.1, "Pushing Manifests with Subject"), or "": the registry does not
// list referrers, or d has no subject.
func (r *Repository) PutManifest(
	ctx context.Context, d oci.Descriptor, data []byte, version string,
) (subject digest.Digest, err error) {
	q := request{
		what: "manifest " + version, method: http.MethodPut, url: r.url("manifests", version),
		header: http.Header{"Content-Type": {d.MediaType}},
		body:   func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
		size:   int64(len(data)), accept: []int{http.StatusCreated},
	}
	err = r.client.wait.Retry(ctx, func() error {
		resp, err := r.send(ctx, q)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		// Without a readable digest, the registry has not noted it.
		subject, _ = digest.Parse(resp.Header.Get("OCI-Subject"))
		return r.checkDigest(q.what, resp, d.Digest)
	})
	return subject, err
}

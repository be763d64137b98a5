package registry

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/rules-strata/rules_strata/tools/internal/content"
	"github.com/rules-strata/rules_strata/tools/internal/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// expectSize is the size, in bytes, from which a body is sent only after the registry has agreed to take it: a token
// that has just ended then costs a round trip, not a gigabyte.
const expectSize = 1 << 20

// PutBlob uploads a blob: a POST for an address, and one PUT of the whole blob with its digest ("Pushing a blob
// monolithically"), which every registry knows. Bytes that are not what d promises are never committed, whether or
// not the registry looks. After a temporary failure the upload starts again from the beginning.
func (r *Repository) PutBlob(ctx context.Context, src content.Source, d oci.Descriptor) error {
	again := false
	return r.client.retry(ctx, func() error {
		if again { // It may be that only the answer was lost.
			if has, err := r.headBlob(ctx, d); has || err != nil {
				return err
			}
		}
		again = true
		location, err := r.startUpload(ctx, d)
		if err != nil {
			return err
		}
		return r.finishUpload(ctx, location, src, d)
	})
}

// startUpload opens an upload and returns the address to send the blob to.
func (r *Repository) startUpload(ctx context.Context, d oci.Descriptor) (*url.URL, error) {
	q := request{
		what: "upload of blob " + d.Digest.String(), method: http.MethodPost,
		url: r.base.JoinPath("blobs/uploads/"), accept: []int{http.StatusAccepted},
	}
	resp, err := r.send(ctx, q)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	location, err := uploadLocation(resp)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.subject(q.what), err)
	}
	return location, nil
}

// uploadLocation returns the address in a Location header, absolute. A registry behind a proxy that ends TLS may
// believe that it is reached without; its address is corrected, another host without TLS is refused.
func uploadLocation(resp *http.Response) (*url.URL, error) {
	header := resp.Header.Get("Location")
	if header == "" {
		return nil, fmt.Errorf("the registry names no address to upload to")
	}
	base := resp.Request.URL
	location, err := base.Parse(header)
	if err != nil || location.Host == "" {
		return nil, fmt.Errorf("the registry names an upload address that is none")
	}
	location.User = nil
	if base.Scheme == "https" && location.Scheme == "http" && location.Hostname() == base.Hostname() {
		location.Scheme, location.Host = base.Scheme, base.Host
	}
	if location.Scheme != base.Scheme && location.Scheme != "https" {
		return nil, fmt.Errorf("the registry names an upload address without TLS, on %s", location.Host)
	}
	return location, nil
}

// finishUpload sends the blob to the address and so commits it.
func (r *Repository) finishUpload(ctx context.Context, location *url.URL, src content.Source, d oci.Descriptor) error {
	if location.RawQuery != "" { // What is there is the registry's, byte for byte.
		location.RawQuery += "&"
	}
	location.RawQuery += "digest=" + url.QueryEscape(d.Digest.String())
	q := request{
		what: "upload of blob " + d.Digest.String(), method: http.MethodPut, url: location,
		header: http.Header{"Content-Type": {"application/octet-stream"}},
		body:   func() (io.ReadCloser, error) { return openVerified(ctx, src, d) }, size: d.Size,
		accept: []int{http.StatusCreated},
	}
	if d.Size >= expectSize {
		q.header.Set("Expect", "100-continue")
	}
	if d.Size == 0 && d.Digest != digest.FromBytes(nil) {
		return fmt.Errorf("%s: size 0 is not that of the digest", r.subject(q.what))
	}
	resp, err := r.send(ctx, q)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return r.checkDigest(q.what, resp, d.Digest)
}

// checkDigest compares the digest that an answer states, if it does, with the one that was asked for.
func (r *Repository) checkDigest(what string, resp *http.Response, want digest.Digest) error {
	if got := resp.Header.Get("Docker-Content-Digest"); got != "" && got != want.String() {
		return fmt.Errorf("%s: the registry says that its digest is %q, expected %s",
			r.subject(what), r.session.Hide(got), want)
	}
	return nil
}

// verifiedBody is a blob on its way: bytes that are not the promised ones end in a sourceError, the last of them
// unsent.
type verifiedBody struct {
	io.Reader
	io.Closer
}

func openVerified(ctx context.Context, src content.Source, d oci.Descriptor) (io.ReadCloser, error) {
	blob, err := src.Open(ctx, d)
	if err != nil {
		return nil, &sourceError{err}
	}
	return verifiedBody{digest.NewVerifier(blob, d.Digest, d.Size), blob}, nil
}

// Read implements io.Reader.
func (b verifiedBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = &sourceError{err}
	}
	return n, err
}

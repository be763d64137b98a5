package registry

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// part returns the request that sends the next n bytes of the blob to the upload's address.
func (u *upload) part(method string, n int64) request {
	offset := u.offset
	q := request{
		what: u.what(), method: method, url: u.location, size: n, work: u.blob.Size,
		header: http.Header{"Content-Type": {"application/octet-stream"}},
		body: func(ctx context.Context) (io.ReadCloser, error) {
			body, err := openPart(ctx, u.src, u.blob, offset, n)
			if err != nil {
				return nil, &sourceError{err}
			}
			return body, nil
		},
	}
	if n >= expectSize {
		q.header.Set("Expect", "100-continue")
	}
	if 0 < n && n < u.blob.Size {
		q.header.Set("Content-Range", fmt.Sprintf("%d-%d", offset, offset+n-1))
	}
	return q
}

// nextLocation returns the address in the answer for the upload's next request.
func (u *upload) nextLocation(resp *http.Response) (*url.URL, error) {
	location, err := uploadLocation(resp)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", u.to.subject(u.what()), err)
	}
	return location, nil
}

// uploadLocation returns the address in a Location header, absolute. A registry behind a proxy that terminates TLS may
// return an http address for itself, which is corrected; another host without TLS is rejected.
func uploadLocation(resp *http.Response) (*url.URL, error) {
	header := resp.Header.Get("Location")
	if header == "" {
		return nil, fmt.Errorf("the registry returned no upload Location")
	}
	base := resp.Request.URL
	location, err := base.Parse(header)
	if err != nil || location.Host == "" {
		return nil, fmt.Errorf("the registry returned an invalid upload Location")
	}
	location.User = nil
	if base.Scheme == "https" && location.Scheme == "http" && location.Hostname() == base.Hostname() {
		location.Scheme, location.Host = base.Scheme, base.Host
	}
	if location.Scheme != base.Scheme && location.Scheme != "https" {
		return nil, fmt.Errorf("the registry returned an upload Location without TLS, on %s", location.Host)
	}
	return location, nil
}

// openPart opens n bytes of the blob from offset on. For a file it returns the file itself up to its end, so that
// net/http lets the kernel send it; only its size is checked. Any other source is read from its beginning, so that the
// verifier sees all of it.
func openPart(ctx context.Context, src content.Source, d oci.Descriptor, offset, n int64) (io.ReadCloser, error) {
	blob, err := src.Open(ctx, d)
	if err != nil {
		return nil, err
	}
	reader := io.Reader(verifiedBody{digest.NewVerifier(blob, d.Digest, d.Size)})
	if file, ok := blob.(*os.File); ok {
		reader, err = file, seek(file, d, offset)
	} else {
		_, err = io.CopyN(io.Discard, reader, offset)
	}
	if err != nil {
		blob.Close()
		return nil, err
	}
	if offset+n < d.Size {
		reader = io.LimitReader(reader, n)
	}
	if reader == blob {
		return blob, nil
	}
	return struct {
		io.Reader
		io.Closer
	}{reader, blob}, nil
}

// seek moves to the offset in the file that should contain the blob d.
func seek(file *os.File, d oci.Descriptor, offset int64) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.Size() != d.Size {
		return &digest.MismatchError{
			Want: d.Digest, Got: d.Digest, WantSize: d.Size, GotSize: min(info.Size(), d.Size+1),
		}
	}
	_, err = file.Seek(offset, io.SeekStart)
	return err
}

// verifiedBody marks errors of the source as a sourceError. Bytes that do not match the digest cause such an error
// before the last of them is sent.
type verifiedBody struct{ io.Reader }

// Read implements io.Reader.
func (b verifiedBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = &sourceError{err}
	}
	return n, err
}

// verify hashes the blob if it is a file, which is sent unverified; bytes of any other source were verified while they
// were sent.
func verify(ctx context.Context, src content.Source, d oci.Descriptor) error {
	blob, err := src.Open(ctx, d)
	if err != nil {
		return &sourceError{err}
	}
	defer blob.Close()
	if _, isFile := blob.(*os.File); !isFile {
		return nil
	}
	if _, err := io.Copy(io.Discard, digest.NewVerifier(blob, d.Digest, d.Size)); err != nil {
		return &sourceError{err}
	}
	return nil
}

// checkDigest compares the digest that an answer states, if any, with the requested one.
func (r *Repository) checkDigest(what string, resp *http.Response, want digest.Digest) error {
	if got := resp.Header.Get("Docker-Content-Digest"); got != "" && got != want.String() {
		return fmt.Errorf("%s: the registry reports the digest %q, expected %s",
			r.subject(what), r.session.Hide(got), want)
	}
	return nil
}

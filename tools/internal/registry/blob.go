package registry

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

// HasBlob reports whether the repository has the blob d.
func (r *Repository) HasBlob(ctx context.Context, d oci.Descriptor) (has bool, err error) {
	err = r.client.wait.Retry(ctx, func() error {
		has, err = r.headBlob(ctx, d)
		return err
	})
	return has, err
}

func (r *Repository) headBlob(ctx context.Context, d oci.Descriptor) (bool, error) {
	what := "blob " + d.Digest.String()
	resp, err := r.send(ctx, request{
		what: what, method: http.MethodHead, url: r.url("blobs", d.Digest.String()), accept: []int{http.StatusOK},
	})
	if isNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	resp.Body.Close()
	if resp.ContentLength >= 0 && resp.ContentLength != d.Size {
		return false, fmt.Errorf("%s: the registry reports %d bytes, expected %d",
			r.subject(what), resp.ContentLength, d.Size)
	}
	return true, r.checkDigest(what, resp, d.Digest)
}

// Open implements content.Source. It opens a manifest or a blob, depending on the media type of d. If the connection
// breaks, the download resumes where it stopped.
func (r *Repository) Open(ctx context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	if _, err := digest.Parse(string(d.Digest)); err != nil {
		return nil, err
	}
	b := &download{repository: r, ctx: ctx, blob: d}
	return b, b.open()
}

// download is a blob being read.
type download struct {
	repository *Repository
	ctx        context.Context
	blob       oci.Descriptor
	body       io.ReadCloser
	offset     int64 // of the next byte
	breaks     transport.Attempts
}

// open requests the rest of the blob.
func (b *download) open() error {
	return b.repository.client.wait.Retry(b.ctx, func() error {
		q := b.request()
		resp, err := b.repository.send(b.ctx, q)
		if err != nil {
			return err
		}
		b.body = resp.Body
		if isDocument(b.blob.MediaType) {
			transport.Bound(b.body)
		}
		if b.offset == 0 || strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", b.offset)) {
			return nil
		}
		// The registry starts from the beginning: skip the bytes already read.
		if _, err := io.CopyN(io.Discard, b.body, b.offset); err != nil {
			b.body.Close()
			return b.repository.noAnswer(q.what, err)
		}
		return nil
	})
}

func isDocument(mediaType string) bool {
	return oci.IsDocument(mediaType) || oci.OCIMediaType(mediaType) == oci.MediaTypeConfig
}

func (b *download) request() request {
	q := request{
		what: "blob " + b.blob.Digest.String(), method: http.MethodGet,
		url: b.repository.url("blobs", b.blob.Digest.String()), header: make(http.Header), accept: []int{http.StatusOK},
	}
	if oci.IsDocument(b.blob.MediaType) {
		q.what = "manifest " + b.blob.Digest.String()
		q.url = b.repository.url("manifests", b.blob.Digest.String())
		q.header.Set("Accept", b.blob.MediaType)
	}
	if b.offset > 0 {
		q.header.Set("Range", "bytes="+strconv.FormatInt(b.offset, 10)+"-")
		q.accept = append(q.accept, http.StatusPartialContent)
	}
	return q
}

// Read implements io.Reader.
func (b *download) Read(p []byte) (int, error) {
	for {
		n, err := b.body.Read(p)
		b.offset += int64(n)
		if n > 0 || err == nil || err == io.EOF {
			if err != io.EOF {
				err = nil // The next call returns the error again.
			}
			return n, err
		}
		failure := b.repository.noAnswer("blob "+b.blob.Digest.String(), err)
		if b.breaks.Spent(err) || b.ctx.Err() != nil {
			return 0, failure
		}
		b.body.Close()
		if err := b.open(); err != nil {
			return 0, err
		}
	}
}

// Close implements io.Closer.
func (b *download) Close() error { return b.body.Close() }

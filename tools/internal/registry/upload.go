package registry

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

const (
	// expectSize is the size, in bytes, from which a body is sent only after the registry has agreed to take it, so
	// that an expired token costs a round trip, not a gigabyte.
	expectSize = 1 << 20
	// resumeSize is the size of a blob, in bytes, from which a broken upload resumes. For a smaller blob, asking for
	// the offset costs as much as sending it again.
	resumeSize = 1 << 20
	// maxChunk and minChunk bound the chunks, in bytes, of a blob that is too large for something on the way.
	maxChunk, minChunk = 64 << 20, 1 << 20
)

// PutBlob adds the blob d to the repository and returns the repository it was mounted from, if any.
//
// PutBlob first asks the registry to mount the blob from the first repository in from ("registry/repository") that is
// on the same registry. Otherwise it uploads the blob with a POST for an address and one PUT of the whole blob
// ("Pushing a blob monolithically"), which every registry supports. A broken upload of a large blob resumes at the
// offset that the registry reports; a blob that is too large for a proxy on the way is sent in chunks.
//
// A file is sent unverified, by the kernel where there is no TLS: the step that made it has hashed it, and the registry
// must hash it anyway. If the registry's answer does not state the digest, PutBlob hashes the file. Bytes of any other
// source are verified while they are sent; if they do not match d, the last of them are never sent.
func (r *Repository) PutBlob(
	ctx context.Context, src content.Source, d oci.Descriptor, from ...string,
) (mountedFrom string, err error) {
	if err := oci.CheckDescriptor(d); err != nil {
		return "", fmt.Errorf("%s: %w", r.name, err)
	}
	if d.Size == 0 && d.Digest != digest.FromBytes(nil) {
		return "", fmt.Errorf("%s: size 0 does not match the digest", r.subject("upload of blob "+d.Digest.String()))
	}
	u := &upload{to: r, src: src, blob: d, from: r.mountable(from)}
	err = r.client.wait.RetryMoving(ctx, u.moved, func() error { return u.try(ctx) })
	return u.mountedFrom, err
}

// mountable returns the first other repository on the same registry, without the registry's name.
func (r *Repository) mountable(from []string) string {
	for _, name := range from {
		repository, same := strings.CutPrefix(name, r.registry+"/")
		if _, refused := r.unmountable.Load(repository); same && !refused && name != r.name {
			return repository
		}
	}
	return ""
}

// upload is the upload of one blob, across several attempts.
type upload struct {
	to   *Repository
	src  content.Source
	blob oci.Descriptor
	from string // the repository to mount from, or empty

	tries       int
	location    *url.URL // for the rest of the blob, nil: no upload is open
	offset      int64    // how much of the blob the registry has
	best        int64    // the largest offset so far
	hasMoved    bool     // whether the offset has grown since the last call of moved
	once        bool     // whether a resumed upload was refused, so that no other is resumed
	chunk       int64    // the maximum body size, 0: no limit
	mountedFrom string
}

func (u *upload) what() string { return "upload of blob " + u.blob.Digest.String() }

// try makes one attempt, starting where the last one ended. It does not repeat a request that is certain to fail again: a
// body that is too large is sent in smaller parts, and a refused resumed upload starts over.
func (u *upload) try(ctx context.Context) error {
	if u.tries++; u.tries > 1 {
		if present, err := u.recover(ctx); present || err != nil {
			return err
		}
	}
	for {
		resumed := u.offset > 0
		err := u.send(ctx)
		switch status := statusOf(err); {
		case status == http.StatusRequestEntityTooLarge && u.nextChunk() > 0:
			u.chunk = u.nextChunk()
		case resumed && !u.once && (status == http.StatusBadRequest || status == http.StatusNotFound):
			u.once = true
		default:
			return err
		}
		u.location, u.offset = nil, 0
	}
}

// nextChunk returns the next smaller chunk size that makes a difference, or 0 if there is none.
func (u *upload) nextChunk() int64 {
	for chunk := int64(maxChunk); chunk >= minChunk; chunk /= 4 {
		if chunk < u.blob.Size && (u.chunk == 0 || chunk < u.chunk) {
			return chunk
		}
	}
	return 0
}

// send opens an upload if none is open, and sends the bytes that the registry does not have yet.
func (u *upload) send(ctx context.Context) error {
	if u.location == nil {
		if mounted, err := u.open(ctx); mounted || err != nil {
			return err
		}
	}
	for u.chunk > 0 && u.blob.Size-u.offset > u.chunk {
		if err := u.sendChunk(ctx); err != nil {
			return err
		}
	}
	return u.finish(ctx)
}

// open opens an upload, or mounts the blob. Only the first attempt tries to mount it: if that failed, for any
// reason, it would fail again.
func (u *upload) open(ctx context.Context) (mounted bool, err error) {
	if u.from != "" && u.tries == 1 {
		mounted, err := u.post(ctx, url.Values{"mount": {u.blob.Digest.String()}, "from": {u.from}})
		if status := statusOf(err); status < 400 || status >= 500 || transport.IsTemporary(status) {
			return mounted, err
		}
		u.to.unmountable.Store(u.from, true) // Mounting from there will fail for the next blob, too.
	}
	return u.post(ctx, nil)
}

// post requests an upload. A registry that cannot mount the blob opens an upload instead.
func (u *upload) post(ctx context.Context, mount url.Values) (mounted bool, err error) {
	q := request{
		what: u.what(), method: http.MethodPost, url: u.to.base.JoinPath("blobs/uploads/"),
		accept: []int{http.StatusAccepted},
	}
	if mount != nil {
		q.url.RawQuery, q.work = mount.Encode(), u.blob.Size
		q.accept = append(q.accept, http.StatusCreated)
	}
	resp, err := u.to.send(ctx, q)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusCreated {
		u.mountedFrom = u.to.registry + "/" + u.from
		return true, u.to.checkDigest(q.what, resp, u.blob.Digest)
	}
	u.location, err = u.nextLocation(resp)
	return false, err
}

// sendChunk sends the next part of the blob ("Pushing a blob in chunks").
func (u *upload) sendChunk(ctx context.Context) error {
	q := u.part(http.MethodPatch, u.chunk)
	q.accept = []int{http.StatusAccepted, http.StatusCreated, http.StatusNoContent} // Some registries return one of the last two.
	resp, err := u.to.send(ctx, q)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if u.location, err = u.nextLocation(resp); err != nil {
		return err
	}
	u.offset += u.chunk
	return nil
}

// finish sends the rest of the blob, which commits the upload.
func (u *upload) finish(ctx context.Context) error {
	q := u.part(http.MethodPut, u.blob.Size-u.offset)
	location := *u.location
	if location.RawQuery != "" { // Keep the registry's query byte for byte.
		location.RawQuery += "&"
	}
	location.RawQuery += "digest=" + url.QueryEscape(u.blob.Digest.String())
	q.url, q.accept = &location, []int{http.StatusCreated}
	resp, err := u.to.send(ctx, q)
	if statusOf(err) == http.StatusBadRequest && u.offset == 0 {
		// Find out whether the registry or the file is wrong. Any other source was already verified.
		if mismatch := verify(ctx, u.src, u.blob); mismatch != nil {
			return fmt.Errorf("%s: %w", u.to.subject(q.what), mismatch)
		}
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.Header.Get("Docker-Content-Digest") == "" {
		if err := verify(ctx, u.src, u.blob); err != nil {
			return fmt.Errorf("%s: %w", u.to.subject(q.what), err)
		}
	}
	return u.to.checkDigest(q.what, resp, u.blob.Digest)
}

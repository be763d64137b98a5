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
	// expectSize is the size, in bytes, from which a body is sent only after the registry has agreed to take it: a token
	// that has just ended then costs a round trip, not a gigabyte.
	expectSize = 1 << 20
	// resumeSize is the size of a blob, in bytes, from which a broken upload goes on where it broke. Below, to ask where
	// that was costs as much as to send it again.
	resumeSize = 1 << 20
	// maxChunk and minChunk bound the parts, in bytes, in which a blob is sent that something on the way finds too large.
	maxChunk, minChunk = 64 << 20, 1 << 20
)

// PutBlob makes the blob d part of the repository and returns the repository it was mounted from, if it was.
//
// The registry is asked to mount it from the first of the repositories in from ("registry/repository") that it holds
// itself. Else the blob is uploaded: a POST for an address and one PUT of all of it ("Pushing a blob monolithically"),
// which every registry knows. A large blob whose upload breaks off goes on where the registry says it broke; one that is
// too large for a proxy on the way is sent in chunks.
//
// A file is sent as it is, by the kernel where there is no TLS: whoever made it has hashed it, and the registry must hash
// it anyway. Where the registry's answer does not state the digest the file is hashed here. Bytes of any other source are
// verified on their way, and if they are not what d promises the last of them are never sent.
func (r *Repository) PutBlob(
	ctx context.Context, src content.Source, d oci.Descriptor, from ...string,
) (mountedFrom string, err error) {
	if err := oci.CheckDescriptor(d); err != nil {
		return "", fmt.Errorf("%s: %w", r.name, err)
	}
	if d.Size == 0 && d.Digest != digest.FromBytes(nil) {
		return "", fmt.Errorf("%s: size 0 is not that of the digest", r.subject("upload of blob "+d.Digest.String()))
	}
	u := &upload{to: r, src: src, blob: d, from: r.mountable(from)}
	err = r.client.wait.RetryMoving(ctx, u.moved, func() error { return u.try(ctx) })
	return u.mountedFrom, err
}

// mountable returns the first of the repositories that is another one of the same registry, without the registry's name.
func (r *Repository) mountable(from []string) string {
	for _, name := range from {
		repository, same := strings.CutPrefix(name, r.registry+"/")
		if _, refused := r.unmountable.Load(repository); same && !refused && name != r.name {
			return repository
		}
	}
	return ""
}

// upload is one blob on its way, through several attempts.
type upload struct {
	to   *Repository
	src  content.Source
	blob oci.Descriptor
	from string // the repository to mount from, empty: none

	tries       int
	location    *url.URL // that takes the rest of the blob, nil: no upload is open
	offset      int64    // how much of the blob the registry has
	best        int64    // the largest offset so far
	hasMoved    bool     // whether the offset has grown since moved was asked
	once        bool     // whether a resumed upload was refused, so that none is resumed again
	chunk       int64    // the longest body, 0: no limit
	mountedFrom string
}

func (u *upload) what() string { return "upload of blob " + u.blob.Digest.String() }

// try makes one attempt, from where the last one ended. What is certain to end in another refusal is not repeated: a
// body that is too large goes in smaller parts, a resumed upload that is refused begins anew.
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

// nextChunk returns the next smaller size of chunks that makes a difference, 0 if there is none.
func (u *upload) nextChunk() int64 {
	for chunk := int64(maxChunk); chunk >= minChunk; chunk /= 4 {
		if chunk < u.blob.Size && (u.chunk == 0 || chunk < u.chunk) {
			return chunk
		}
	}
	return 0
}

// send opens an upload if there is none, and sends what the registry has not got yet.
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

// open opens an upload, or mounts the blob. Only the first attempt tries to mount it: what was no success then would be
// none now, whatever the reason.
func (u *upload) open(ctx context.Context) (mounted bool, err error) {
	if u.from != "" && u.tries == 1 {
		mounted, err := u.post(ctx, url.Values{"mount": {u.blob.Digest.String()}, "from": {u.from}})
		if status := statusOf(err); status < 400 || status >= 500 || transport.IsTemporary(status) {
			return mounted, err
		}
		u.to.unmountable.Store(u.from, true) // Not for us, and not for the next blob either.
	}
	return u.post(ctx, nil)
}

// post asks for an upload. A registry that cannot mount the blob opens an upload instead.
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
	q.accept = []int{http.StatusAccepted, http.StatusCreated, http.StatusNoContent} // The last two are seen, too.
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

// finish sends the rest of the blob and so commits it.
func (u *upload) finish(ctx context.Context) error {
	q := u.part(http.MethodPut, u.blob.Size-u.offset)
	location := *u.location
	if location.RawQuery != "" { // What is there is the registry's, byte for byte.
		location.RawQuery += "&"
	}
	location.RawQuery += "digest=" + url.QueryEscape(u.blob.Digest.String())
	q.url, q.accept = &location, []int{http.StatusCreated}
	resp, err := u.to.send(ctx, q)
	if statusOf(err) == http.StatusBadRequest && u.offset == 0 {
		// Who is wrong, the registry or the file? For any other source this is known already.
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

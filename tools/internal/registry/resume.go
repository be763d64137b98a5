package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

// moved reports whether this attempt found more of the blob at the registry than any earlier one: a long upload over a
// bad connection has not failed as long as it makes progress.
func (u *upload) moved() bool {
	moved := u.hasMoved
	u.hasMoved = false
	return moved
}

// recover finds out what the last attempt left at the registry: an upload to resume, or even the whole blob.
func (u *upload) recover(ctx context.Context) (present bool, err error) {
	if u.location != nil && !u.once && u.blob.Size >= resumeSize {
		found, err := u.status(ctx)
		if found || err != nil {
			return false, err
		}
	}
	u.location, u.offset = nil, 0
	return u.to.headBlob(ctx, u.blob) // Perhaps only the answer was lost.
}

// status requests how much of the upload the registry has, and reports whether the upload can resume from there.
func (u *upload) status(ctx context.Context) (bool, error) {
	resp, err := u.to.send(ctx, request{
		what: u.what(), method: http.MethodGet, url: u.location,
		accept: []int{http.StatusNoContent, http.StatusOK, http.StatusAccepted},
	})
	var refusal *Error
	if errors.As(err, &refusal) && !transport.IsTemporary(refusal.Status) {
		return false, nil // The upload is gone, or the registry does not support the request.
	}
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	var last int64
	_, scanErr := fmt.Sscanf(strings.TrimPrefix(resp.Header.Get("Range"), "bytes="), "0-%d", &last)
	// "0-0" means either one byte or none.
	if scanErr != nil || last <= 0 || last >= u.blob.Size {
		return false, nil
	}
	if u.location, err = u.nextLocation(resp); err != nil {
		return false, err
	}
	u.offset = last + 1
	if u.offset >= u.best+minChunk {
		u.best, u.hasMoved = u.offset, true
	}
	return true, nil
}

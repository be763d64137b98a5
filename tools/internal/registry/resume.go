package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

// moved reports whether this attempt found more of the blob at the registry than any before: a long upload over a bad
// line is no failure as long as it gets on.
func (u *upload) moved() bool {
	moved := u.hasMoved
	u.hasMoved = false
	return moved
}

// recover finds out what the last attempt has left at the registry: an upload to go on with, or even the whole blob.
func (u *upload) recover(ctx context.Context) (present bool, err error) {
	if u.location != nil && !u.once && u.blob.Size >= resumeSize {
		found, err := u.status(ctx)
		if found || err != nil {
			return false, err
		}
	}
	u.location, u.offset = nil, 0
	return u.to.headBlob(ctx, u.blob) // It may be that only the answer was lost.
}

// status asks how much of the upload the registry has, and reports whether it can go on from there.
func (u *upload) status(ctx context.Context) (bool, error) {
	resp, err := u.to.send(ctx, request{
		what: u.what(), method: http.MethodGet, url: u.location,
		accept: []int{http.StatusNoContent, http.StatusOK, http.StatusAccepted},
	})
	var refusal *Error
	if errors.As(err, &refusal) && !transport.IsTemporary(refusal.Status) {
		return false, nil // It is gone, or the registry has no such request.
	}
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	var last int64
	_, scanErr := fmt.Sscanf(strings.TrimPrefix(resp.Header.Get("Range"), "bytes="), "0-%d", &last)
	// "0-0" is said of one byte and of none.
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

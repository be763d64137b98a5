package transport

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const (
	// MaxAttempts is the total number of attempts.
	MaxAttempts = 5
	// maxSilences is how often the limits may end a wait for the other side: each time takes long.
	maxSilences = 2
	// firstWait is the longest wait before the second attempt; each further one may wait twice as long.
	firstWait = 500 * time.Millisecond
	// maxWait is the longest time that a server may make us wait. If it requests more, its refusal is final.
	maxWait = 2 * time.Minute
)

// Retryable is an error that reports whether another attempt makes sense. Every other error is final.
type Retryable interface {
	error
	// Retry reports whether another attempt may succeed, and how long the other side asks us to wait before it.
	Retry() (after time.Duration, ok bool)
}

// Wait waits before another attempt, and returns an error if ctx ends first. Nil means sleep.
type Wait func(ctx context.Context, d time.Duration) error

// Retry runs f until it succeeds, fails permanently, or has failed too often.
func (w Wait) Retry(ctx context.Context, f func() error) error {
	return w.RetryMoving(ctx, func() bool { return false }, f)
}

// RetryMoving is Retry for something that advances from one attempt to the next. If moved reports that the last attempt
// did, earlier failures no longer matter.
func (w Wait) RetryMoving(ctx context.Context, moved func() bool, f func() error) error {
	attempts := Attempts{Wait: w}
	for {
		err := f()
		if err == nil {
			return nil
		}
		if moved() {
			attempts = Attempts{Wait: w}
		}
		if err := attempts.Failed(ctx, err); err != nil {
			return err
		}
	}
}

// Attempts counts the failed attempts at one operation. The zero value is ready to use.
type Attempts struct {
	// Wait waits before another attempt.
	Wait Wait

	failures int
	silences int
}

// Failed counts the failure err. If another attempt makes sense it waits and returns nil, otherwise it returns err.
func (a *Attempts) Failed(ctx context.Context, err error) error {
	spent := a.Spent(err)
	var retryable Retryable
	if ctx.Err() != nil || !errors.As(err, &retryable) {
		return err
	}
	after, ok := retryable.Retry()
	switch {
	case !ok || after > maxWait:
		return err
	case spent:
		return fmt.Errorf("%w (%d attempts)", err, a.failures)
	case a.Wait.Pause(ctx, max(after, backoff(a.failures))) != nil:
		return err
	}
	return nil
}

// Spent counts the failure err and reports whether no more are allowed.
func (a *Attempts) Spent(err error) bool {
	a.failures++
	if IsSilence(err) {
		a.silences++
	}
	return a.failures == MaxAttempts || a.silences == maxSilences
}

// Moved resets the failures, because data arrived. It does not reset silences: an occasional byte does not justify waiting
// for hours.
func (a *Attempts) Moved() { a.failures = 0 }

// backoff returns how long to wait after the nth failure, at random, so that clients that failed together do not retry
// together.
func backoff(n int) time.Duration {
	limit := firstWait << (n - 1)
	return limit/2 + rand.N(limit/2)
}

// Pause waits, and returns an error if ctx ends first.
func (w Wait) Pause(ctx context.Context, d time.Duration) error {
	if w != nil {
		return w(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// IsSilence reports whether a limit ended a wait: one of ours or the network's.
func IsSilence(err error) bool {
	var silence *SilenceError
	var network net.Error
	return errors.As(err, &silence) || errors.As(err, &network) && network.Timeout()
}

// IsTemporary reports whether a request that was refused with an HTTP status may succeed later.
func IsTemporary(status int) bool {
	return slices.Contains([]int{
		http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
	}, status)
}

// ParseRetryAfter reads a Retry-After header: seconds or a date (RFC 9110, section 10.2.3). It returns 0 for anything
// else.
func ParseRetryAfter(header string) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(header); err == nil {
		return max(time.Until(date), 0)
	}
	return 0
}

package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
	"github.com/rules-strata/rules_strata/tools/internal/registry/waiting"
)

const (
	// attempts is how often something is tried in all.
	attempts = 5
	// maxSilences is how often the other side may say nothing until the limits end the wait: each time takes long.
	maxSilences = 2
	// firstWait is the longest wait before the second attempt; each further one may wait twice as long.
	firstWait = 500 * time.Millisecond
	// maxWait is the longest time that a registry may make us wait. If it asks for more, its refusal is final.
	maxWait = 2 * time.Minute
)

// retry runs f until it succeeds, fails for good, or has failed too often.
func (c *Client) retry(ctx context.Context, f func() error) error {
	return c.retryMoving(ctx, func() bool { return false }, f)
}

// retryMoving is retry for something that gets on from one attempt to the next: moved tells whether it has, and then
// the earlier failures do not count.
func (c *Client) retryMoving(ctx context.Context, moved func() bool, f func() error) error {
	silences := 0
	for n := 1; ; n++ {
		err := f()
		if moved() {
			n, silences = 1, 0
		}
		if isSilence(err) {
			silences++
		}
		if err == nil || ctx.Err() != nil {
			return err
		}
		wait, temporary := delay(err, n)
		if !temporary {
			return err
		}
		if n == attempts || silences == maxSilences {
			return fmt.Errorf("%w (%d attempts)", err, n)
		}
		if c.wait(ctx, wait) != nil {
			return err
		}
	}
}

// delay returns how long to wait after the nth failure, and whether another attempt makes sense at all.
func delay(err error, n int) (time.Duration, bool) {
	limit := firstWait << (n - 1)
	wait := limit/2 + rand.N(limit/2) // Clients that failed together must not come back together.
	var refusal *Error
	var token *auth.TokenError
	var network *networkError
	var source *sourceError
	switch {
	case errors.As(err, &source):
		return 0, false // A source that is a registry has made its own attempts.
	case errors.As(err, &refusal):
		asked := parseRetryAfter(refusal.RetryAfter)
		return max(wait, asked), refusal.temporary() && asked <= maxWait
	case errors.As(err, &token) && token.Err != nil:
		return wait, temporaryFailure(token.Err)
	case errors.As(err, &token):
		asked := parseRetryAfter(token.RetryAfter)
		return max(wait, asked), temporaryStatus(token.Status) && asked <= maxWait
	}
	if errors.As(err, &network) && network.answered && errors.Is(network.err, syscall.ECONNREFUSED) {
		return wait, true // It is being started again.
	}
	return wait, errors.As(err, &network) && temporaryFailure(network.err)
}

// isSilence reports whether err tells that a limit ended a wait: one of ours or the network's.
func isSilence(err error) bool {
	var silence *waiting.SilenceError
	var network net.Error
	return errors.As(err, &silence) || errors.As(err, &network) && network.Timeout()
}

func temporaryStatus(status int) bool {
	return slices.Contains([]int{
		http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
	}, status)
}

// temporaryFailure reports whether a failure to get an answer may pass: whether it is none of those that tell of a
// wrong address, a wrong certificate, or a decision of our own.
func temporaryFailure(err error) bool {
	var dns *net.DNSError
	var source *sourceError
	var certificate *tls.CertificateVerificationError
	var certificates *certError
	switch {
	case errors.As(err, &source), errors.As(err, &certificate), errors.As(err, &certificates):
		return false
	case errors.Is(err, errRedirect), errors.Is(err, http.ErrSchemeMismatch), errors.Is(err, syscall.ECONNREFUSED):
		return false
	case errors.As(err, &dns):
		return !dns.IsNotFound
	}
	return true
}

// parseRetryAfter reads a Retry-After header: seconds or a date (RFC 9110, section 10.2.3). It returns 0 for anything
// else.
func parseRetryAfter(header string) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(header); err == nil {
		return max(time.Until(date), 0)
	}
	return 0
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

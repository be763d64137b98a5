// Package waiting bounds how long a program waits for another one that says nothing.
//
// [Limits.RoundTrip] watches one HTTP request from its connection to the last byte of the answer's body. Who takes no
// byte, sends none, or dribbles out an answer ends in a [SilenceError] that says who it was and what was waited for; after
// a few seconds one line tells the user. Time in which nobody waits, because the reader is busy elsewhere, does not count.
//
// Non-goals: trying again, limits for a whole download or upload.
package waiting

import (
	"context"
	"fmt"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
)

// Limits say how long is waited. The zero value stands for Default.
type Limits struct {
	// Notice is the wait after which the user gets a notice.
	Notice time.Duration
	// Silence is how long the other side may take no byte, or send none.
	Silence time.Duration
	// Whole is how long the body of a document may take from its beginning to its end, see [Bound].
	Whole time.Duration
	// Pace is how many bytes a second a longer body must bring, on the average of Silence. 0 stands for any.
	Pace int64
}

// Default are the limits of the tools.
var Default = Limits{Notice: 10 * time.Second, Silence: time.Minute, Whole: time.Minute, Pace: 1 << 10}

const (
	// pace is how many bytes a second the other side is given to deal with what it got, see [For]: some registries hash
	// a large blob before they answer, or move it.
	pace = 2 << 20
	// maxSilence bounds that.
	maxSilence = 10 * time.Minute
)

// SilenceError tells that the other side took too long.
type SilenceError struct {
	Who   string // a host, or a program
	What  string // what it did not do: "sent nothing"
	After time.Duration
	err   error // that told so, if any
}

// Error implements error.
func (e *SilenceError) Error() string { return fmt.Sprintf("%s %s for %s", e.Who, e.What, e.After) }

// Unwrap returns the network's own error, if it had one.
func (e *SilenceError) Unwrap() error { return e.err }

// Announce tells the user once that the program waits for who, unless stop is called before.
func (l Limits) Announce(ctx context.Context, who string) (stop func() bool) {
	return time.AfterFunc(l.orDefault().Notice, func() { notify(ctx, who) }).Stop
}

func notify(ctx context.Context, who string) {
	cli.Notify(ctx, "waiting for %s ...", cli.Printable(who))
}

func (l Limits) orDefault() Limits {
	if l == (Limits{}) {
		return Default
	}
	return l
}

type bytesKey struct{}

// For returns a context for a request whose answer may take longer, because the other side has to deal with a blob of so
// many bytes before.
func For(ctx context.Context, bytes int64) context.Context {
	return context.WithValue(ctx, bytesKey{}, bytes)
}

// answer returns how long the answer to a request may take.
func (l Limits) answer(ctx context.Context) time.Duration {
	bytes, _ := ctx.Value(bytesKey{}).(int64)
	extra := time.Duration(bytes/pace) * time.Second
	return max(l.Silence, min(l.Silence+extra, maxSilence))
}

package transport

import (
	"context"
	"fmt"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/message"
)

// Limits bound how long a client waits. The zero value stands for DefaultLimits.
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

// DefaultLimits are the limits of the tools.
var DefaultLimits = Limits{Notice: 10 * time.Second, Silence: time.Minute, Whole: time.Minute, Pace: 1 << 10}

const (
	// pace is how many bytes a second the other side is given to deal with what it got, see [WithWork]: some registries hash
	// a large blob before they answer, or move it.
	pace = 2 << 20
	// maxAnswer bounds that.
	maxAnswer = 10 * time.Minute
)

// SilenceError is returned when the other side takes too long.
type SilenceError struct {
	Who   string // a host, or a program
	What  string // what it did not do: "sent nothing"
	After time.Duration
	err   error // the network's own, if any
}

// Error implements error.
func (e *SilenceError) Error() string { return fmt.Sprintf("%s %s for %s", e.Who, e.What, e.After) }

// Unwrap returns the network's own error, if it had one.
func (e *SilenceError) Unwrap() error { return e.err }

// announce tells the user that the program waits.
func announce(ctx context.Context, who string) {
	message.Notify(ctx, "waiting for %s ...", message.OneLine(who))
}

func (l Limits) orDefault() Limits {
	if l == (Limits{}) {
		return DefaultLimits
	}
	return l
}

type workKey struct{}

// WithWork returns a context for a request whose answer may take longer, because the other side has to deal with a blob of so
// many bytes before.
func WithWork(ctx context.Context, bytes int64) context.Context {
	return context.WithValue(ctx, workKey{}, bytes)
}

// answer returns how long the answer to a request may take.
func (l Limits) answer(ctx context.Context) time.Duration {
	bytes, _ := ctx.Value(workKey{}).(int64)
	extra := time.Duration(bytes/pace) * time.Second
	return max(l.Silence, min(l.Silence+extra, maxAnswer))
}

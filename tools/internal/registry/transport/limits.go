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
	// Silence is how long the other side may neither take nor send a byte.
	Silence time.Duration
	// Whole is how long the body of a document may take from its beginning to its end, see [Bound].
	Whole time.Duration
	// Pace is how many bytes a second of a longer body must arrive, averaged over Silence. 0 means no minimum.
	Pace int64
}

// DefaultLimits are the limits of the tools.
var DefaultLimits = Limits{Notice: 10 * time.Second, Silence: time.Minute, Whole: time.Minute, Pace: 1 << 10}

const (
	// pace is the speed, in bytes a second, at which the other side is expected to process a blob, see [WithWork]: some
	// registries hash or move a large blob before they answer.
	pace = 2 << 20
	// maxAnswer bounds the time that this allows.
	maxAnswer = 10 * time.Minute
)

// SilenceError is returned when the other side takes too long.
type SilenceError struct {
	Who   string // a host, or a program
	What  string // what it did not do: "sent nothing"
	After time.Duration
	err   error // the network's error, if any
}

// Error implements error.
func (e *SilenceError) Error() string { return fmt.Sprintf("%s %s for %s", e.Who, e.What, e.After) }

// Unwrap returns the network's error, if there was one.
func (e *SilenceError) Unwrap() error { return e.err }

// announce shows the user that the program is waiting.
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

// WithWork returns a context for a request whose answer may take longer, because the other side first processes a blob of
// that many bytes.
func WithWork(ctx context.Context, bytes int64) context.Context {
	return context.WithValue(ctx, workKey{}, bytes)
}

// answer returns how long the answer to a request may take.
func (l Limits) answer(ctx context.Context) time.Duration {
	bytes, _ := ctx.Value(workKey{}).(int64)
	extra := time.Duration(bytes/pace) * time.Second
	return max(l.Silence, min(l.Silence+extra, maxAnswer))
}

package cli

import (
	"context"
	"io"
)

type noticesKey struct{}

// WithNotices returns a context in which what [Notify] tells goes to w. A tool that draws on the terminal names its own
// writer; without it notices go to standard error.
func WithNotices(ctx context.Context, w io.Writer) context.Context {
	return context.WithValue(ctx, noticesKey{}, w)
}

// Notify tells the user, in one line, something that is no error: that a program waits, for instance.
func Notify(ctx context.Context, format string, args ...any) {
	if w, ok := ctx.Value(noticesKey{}).(io.Writer); ok {
		Line(w, format, args...)
	}
}
